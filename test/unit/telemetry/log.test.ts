import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createLog, type LogLevel, logEvents, logLevels } from "../../../shared/telemetry/log.ts";

function recording(level: LogLevel) {
  const batches: string[] = [];
  const log = createLog(level, (lines) => batches.push(lines));
  const lines = () => {
    log.flush();
    return batches.join("").split("\n").slice(0, -1);
  };
  return { log, batches, lines };
}

describe("a log", () => {
  test("writes one JSON object a line, whatever is in its fields", () => {
    const field = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(undefined));
    const name = fc
      .stringMatching(/^[a-zA-Z]{1,9}$/)
      .filter((text) => !["time", "level", "event"].includes(text));
    fc.assert(
      fc.property(fc.array(fc.dictionary(name, field), { maxLength: 5 }), (entries) => {
        const { log, lines } = recording("debug");
        for (const fields of entries) log.write("info", "request", fields);
        const parsed = lines().map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(parsed).toHaveLength(entries.length);
        for (const [index, { time, ...rest }] of parsed.entries()) {
          expect(new Date(String(time)).toISOString()).toBe(time);
          expect(rest).toEqual(
            JSON.parse(JSON.stringify({ level: "info", event: "request", ...entries[index] })),
          );
        }
      }),
    );
  });

  test("leaves out what is below its level, and at silent everything", () => {
    for (const [least, level] of logLevels.entries()) {
      const { log, lines } = recording(level);
      for (const lineLevel of logLevels.slice(0, -1)) {
        log.write(lineLevel, "start", {});
        log.writeLine(lineLevel, lineLevel);
      }
      const written = logLevels.slice(least, -1);
      expect(lines()).toHaveLength(2 * written.length);
      expect(logLevels.slice(0, -1).filter((lineLevel) => log.writes(lineLevel))).toEqual(written);
    }
  });

  test("gathers lines for a moment and writes them in one go, in order", () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { log, batches } = recording("info");
    for (let line = 0; line < 100; line += 1) log.writeLine("info", String(line));
    expect(batches).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(batches).toEqual([Array.from({ length: 100 }, (_, line) => `${line}\n`).join("")]);
    log.flush();
    expect(batches).toHaveLength(1);
  });

  test("does not gather without bound", () => {
    const { log, batches } = recording("info");
    const line = "x".repeat(1_000);
    for (let count = 0; count < 1_000; count += 1) log.writeLine("info", line);
    expect(batches.length).toBeGreaterThan(10);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThan(64 * 1024);
    log.flush();
    expect(batches.join("")).toHaveLength(1_001_000);
  });

  test("leaves out what a field holds of tokens and signatures, and bounds its length", () => {
    const { log, lines } = recording("info");
    const error =
      "Error: GET https://a.blob.core.windows.net/c/b?sig=c2VjcmV0&se=1 with Bearer c2VjcmV0c2VjcmV0";
    log.write("error", "failure", { error, target: "x".repeat(100_000) });
    const [line = ""] = lines();
    expect(line).not.toContain("c2VjcmV0");
    expect(line).toContain("sig=REDACTED&se=1 with Bearer REDACTED");
    expect(line.length).toBeLessThan(10_000);
  });

  test("tells its observer of what it writes, and of nothing else", () => {
    const told: [LogLevel, string][] = [];
    const log = createLog(
      "warn",
      () => {},
      (level, line) => told.push([level, line]),
    );
    log.write("info", "start", {});
    log.writeLine("warn", "a line");
    log.flush();
    expect(told).toEqual([["warn", "a line"]]);
  });

  test("names its events as they are keyed", () => {
    for (const [key, name] of Object.entries(logEvents)) expect(name).toBe(key);
  });
});
