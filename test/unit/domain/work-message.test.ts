import { describe, expect, it } from "vitest";
import { formatWorkMessage, parseWorkMessage, poisonQueue } from "../../../shared/domain/work-message.ts";

describe("a queued message", () => {
  const message = { work: { kind: "sweep", count: 2, fresh: false }, attempt: 3 };

  it("is read as it was written, whether its trigger has parsed it already or not", () => {
    const text = formatWorkMessage("sweep", message);
    expect(parseWorkMessage(text)).toEqual(message);
    expect(parseWorkMessage(JSON.parse(text))).toEqual(message);
  });

  it.each(
    [
      "",
      "nonsense",
      "null",
      "[]",
      "7",
      "{}",
      '{"attempt":1}',
      '{"attempt":0,"work":{}}',
      '{"attempt":1.5,"work":{}}',
      '{"attempt":"1","work":{}}',
      '{"attempt":1,"work":[]}',
      '{"attempt":1,"work":null}',
      '{"attempt":1,"work":{"deep":{}}}',
      '{"attempt":1,"work":{"nothing":null}}',
    ].map((text) => [text]),
  )("is not %s", (text) => {
    expect(parseWorkMessage(text)).toBeUndefined();
  });

  it("has a poison queue, by the name that the Functions host gives it", () => {
    expect(poisonQueue("sweep")).toBe("sweep-poison");
    expect(formatWorkMessage(poisonQueue("x".repeat(50)), message)).toContain("sweep");
  });
});
