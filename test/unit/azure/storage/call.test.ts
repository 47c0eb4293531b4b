import { expect, it } from "vitest";
import { callStorage } from "../../../../shared/azure/storage/call.ts";

const budget = { attemptMillis: 30, totalMillis: 2_000, attemptsMax: 2 } as const;

it("gives up an attempt that does not heed its signal, and tells the client to come again", async () => {
  const attempts: number[] = [];
  const call = callStorage("GetBlob", budget, (_signal, number) => {
    attempts.push(number);
    return new Promise<never>(() => {});
  });
  await expect(call).rejects.toMatchObject({ code: "UNAVAILABLE", headers: { "retry-after": "5" } });
  expect(attempts).toEqual([1, 2]);
});

it("leaves to itself what an attempt ends with when it was given up", async () => {
  const late = Promise.withResolvers<string>();
  const call = callStorage("GetBlob", budget, (_signal, number) => {
    return number === 1 ? late.promise : Promise.resolve("second");
  });
  expect(await call).toBe("second");
  late.reject(new Error("too late"));
  // A rejection that nobody handles would fail the run.
  await new Promise((resolve) => setImmediate(resolve));
});
