import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";

test("the Functions host reads the queues as the registry writes them", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../host.json"), "utf8");
  const { queues } = (JSON.parse(text) as { extensions: { queues: Record<string, unknown> } }).extensions;
  expect(queues).toMatchObject({
    messageEncoding: "base64",
    maxDequeueCount: limits.workDeliveriesMax,
    visibilityTimeout: "00:01:00",
  });
});
