import { describe, expect, test } from "vitest";
import { hold } from "../../../shared/telemetry/exporters.ts";

type Result = { readonly code: number; readonly error?: Error };
type Done = (result: Result) => void;

function held(send: (items: string, done: Done) => void) {
  const failures: (Error | undefined)[] = [];
  const exporter = { export: send };
  hold(exporter, (error) => failures.push(error));
  const results: Result[] = [];
  return {
    failures,
    results,
    send: (items: string) => exporter.export(items, (result) => results.push(result)),
  };
}

describe("an exporter that is held to its contract", () => {
  test("passes on what it is given, and how it ended", () => {
    const sent: string[] = [];
    const { send, results, failures } = held((items, done) => {
      sent.push(items);
      done({ code: 0 });
    });
    send("a");
    send("b");
    expect(sent).toEqual(["a", "b"]);
    expect(results).toEqual([{ code: 0 }, { code: 0 }]);
    expect(failures).toEqual([]);
  });

  test("drops what comes while two exports are under way that never end", () => {
    let sent = 0;
    const { send, results, failures } = held(() => {
      sent += 1;
    });
    for (let count = 0; count < 100; count += 1) send("items");
    expect(sent).toBe(2);
    expect(results).toHaveLength(98);
    expect(results.every(({ code }) => code === 1)).toBe(true);
    expect(failures).toHaveLength(98);
  });

  test("counts an export that ends twice once", () => {
    const { send, results } = held((_items, done) => {
      done({ code: 1, error: new Error("refused") });
      done({ code: 0 });
    });
    for (let count = 0; count < 5; count += 1) send("items");
    expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
  });

  test("fails when it throws, at once or later", async () => {
    const atOnce = held(() => {
      throw new Error("broken");
    });
    const later = held((async () => {
      throw new Error("broken");
    }) as () => void);
    atOnce.send("items");
    later.send("items");
    await new Promise((resolve) => setImmediate(resolve));
    for (const { results, failures } of [atOnce, later]) {
      expect(results).toMatchObject([{ code: 1 }]);
      expect(failures).toMatchObject([{ message: "broken" }]);
    }
  });
});
