import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../../../shared/ports/document-store.ts";
import {
  create,
  document,
  errorOf,
  type FaultyCosmos,
  registryErrorOf,
  startFaultyCosmos,
  upsert,
} from "./faulty-cosmos.ts";

const budget = { requestMillis: 1_000, callMillis: 1_500, retriesMax: 3, waitMillisMax: 1_000 };
const millisMax = 10_000;

describe("a call of Cosmos DB that fails", () => {
  let cosmos: FaultyCosmos;
  let partition: string;
  beforeAll(async () => {
    cosmos = await startFaultyCosmos(budget);
  });
  afterAll(async () => await cosmos.stop());
  beforeEach(async () => {
    partition = randomUUID();
    await cosmos.documents.commit(partition, [upsert("there", "old")]);
    cosmos.heal();
  });
  afterEach(() => cosmos.heal());

  const read = async (fresh = true) => await cosmos.documents.read(partition, "there", { fresh });
  const list = async (fresh = true) => await cosmos.documents.list(partition, { by: "id", limit: 10, fresh });
  const one: readonly Operation[] = [create("new")];
  const two: readonly Operation[] = [create("new"), create("new too")].map((operation, index) =>
    index === 0 ? operation : create("new-too"),
  );
  const isThere = async (id: string) =>
    (await cosmos.documents.read(partition, id, { fresh: true })) !== undefined;

  describe("because of a status", () => {
    const table: readonly {
      readonly status: number;
      readonly substatus?: number;
      readonly commit: "conflict" | "unknown" | "TOOMANYREQUESTS" | "UNAVAILABLE" | "Error";
      readonly read: "absent" | "TOOMANYREQUESTS" | "UNAVAILABLE" | "Error";
      /** Requests of a commit; of a read where they differ. */
      readonly requests: number;
      readonly readRequests?: number;
    }[] = [
      { status: 400, commit: "Error", read: "Error", requests: 1 },
      { status: 401, commit: "Error", read: "Error", requests: 1 },
      { status: 403, commit: "Error", read: "Error", requests: 1 },
      { status: 403, substatus: 3, commit: "UNAVAILABLE", read: "UNAVAILABLE", requests: 4 },
      { status: 403, substatus: 1008, commit: "UNAVAILABLE", read: "UNAVAILABLE", requests: 4 },
      { status: 404, commit: "conflict", read: "absent", requests: 1 },
      { status: 404, substatus: 1002, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 404, substatus: 1003, commit: "Error", read: "Error", requests: 1 },
      { status: 408, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 409, commit: "conflict", read: "Error", requests: 1 },
      { status: 410, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 412, commit: "conflict", read: "Error", requests: 1 },
      { status: 413, commit: "Error", read: "Error", requests: 1 },
      { status: 429, commit: "TOOMANYREQUESTS", read: "TOOMANYREQUESTS", requests: 4 },
      { status: 449, commit: "conflict", read: "TOOMANYREQUESTS", requests: 4 },
      { status: 500, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 502, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 503, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
      { status: 504, commit: "unknown", read: "UNAVAILABLE", requests: 1, readRequests: 4 },
    ];

    /** What a call ends with, in the table's words. */
    const ending = async (call: () => Promise<unknown>) => {
      try {
        return (await call()) ?? "absent";
      } catch (error) {
        return error instanceof Error && "code" in error ? error.code : "Error";
      }
    };

    for (const { status, substatus, commit, read: reading, requests, readRequests } of table) {
      const headers: Record<string, string> =
        substatus === undefined ? {} : { "x-ms-substatus": String(substatus) };
      const name = substatus === undefined ? `${status}` : `${status}/${substatus}`;

      it(`${name} ends a commit with ${commit}, applied or not`, async () => {
        for (const operations of [one, two]) {
          cosmos.heal();
          cosmos.harm({ status, headers });
          expect(await ending(async () => await cosmos.documents.commit(partition, operations))).toBe(commit);
          expect(cosmos.items()).toHaveLength(requests);
        }
      });

      it(`${name} ends a read with ${reading}`, async () => {
        cosmos.harm({ status, headers });
        expect(await ending(read)).toBe(reading);
        expect(cosmos.items()).toHaveLength(readRequests ?? requests);
      });
    }

    it("any but those of success ends a list as it ends a read, and 404 is of a container", async () => {
      cosmos.harm({ status: 503 });
      expect((await registryErrorOf(list())).code).toBe("UNAVAILABLE");
      cosmos.harm({ status: 429 });
      expect((await registryErrorOf(list())).code).toBe("TOOMANYREQUESTS");
      cosmos.harm({ status: 404, headers: { "x-ms-substatus": "1003" } });
      expect((await errorOf(list())).message).toContain("404");
    });

    it("is told in the error for people, and the token of the request is not", async () => {
      cosmos.harm({ status: 403, body: '{"code":"Forbidden","message":"not for you\\r\\nActivityId: 1"}' });
      const { message } = await errorOf(read());
      expect(message).toBe("Cosmos DB answered 403/0 not for you");
      const authorization = String(cosmos.items()[0]?.headers["authorization"]);
      expect(authorization).toMatch(/^type/);
      expect(JSON.stringify(await errorOf(read()))).not.toContain(authorization);
    });
  });

  describe("because of one operation of a batch", () => {
    const answer = (...statuses: readonly number[]) => ({
      status: 207,
      body: JSON.stringify(statuses.map((statusCode) => ({ statusCode, requestCharge: 1 }))),
    });

    it("conflicts where the operation met what it must not, be it the first or the last", async () => {
      for (const status of [409, 412, 404]) {
        for (const statuses of [
          [status, 424],
          [424, status],
        ]) {
          cosmos.harm(answer(...statuses));
          expect(await cosmos.documents.commit(partition, two)).toBe("conflict");
        }
      }
    });

    it("is tried again where the operation was throttled or contended", async () => {
      cosmos.harmNext(answer(424, 429), answer(449, 424));
      expect(await cosmos.documents.commit(partition, two)).toBe("committed");
      expect(cosmos.items()).toHaveLength(3);
    });

    it("says that a document or a commit is too large, which is nobody's conflict", async () => {
      cosmos.harm(answer(413, 424));
      expect((await errorOf(cosmos.documents.commit(partition, two))).message).toContain("413");
    });

    it("does not know what an answer means that no transactional batch gives", async () => {
      for (const statuses of [[201, 409], [201], [424, 424], [], [201, 201, 201]]) {
        cosmos.harm(answer(...statuses));
        expect(await cosmos.documents.commit(partition, two), statuses.join()).toBe("unknown");
      }
    });
  });

  describe("because of the connection", () => {
    it("does not know a commit whose answer was lost, applied as it is, and sends it once", async () => {
      for (const operations of [one, two]) {
        for (const fault of ["cut after", "cut within"] as const) {
          partition = randomUUID();
          cosmos.heal();
          cosmos.harm(fault);
          expect(await cosmos.documents.commit(partition, operations)).toBe("unknown");
          expect(cosmos.items()).toHaveLength(1);
          cosmos.heal();
          expect(await isThere("new")).toBe(true);
        }
      }
    });

    it("does not know a commit that was cut off before it was applied, and sends it once", async () => {
      for (const operations of [one, two]) {
        cosmos.heal();
        cosmos.harm("cut before");
        expect(await cosmos.documents.commit(partition, operations)).toBe("unknown");
        expect(cosmos.items()).toHaveLength(1);
        cosmos.heal();
        expect(await isThere("new")).toBe(false);
      }
    });

    it("reads and lists again when an answer was lost", async () => {
      for (const fault of ["cut before", "cut after", "cut within"] as const) {
        cosmos.harmNext(fault, fault);
        expect((await read())?.document).toEqual(document("there", "old"));
        cosmos.harmNext(fault);
        expect((await list()).documents).toHaveLength(1);
      }
      cosmos.harm("cut after");
      const error = await registryErrorOf(read());
      expect(error.code).toBe("UNAVAILABLE");
      expect(error.headers["retry-after"]).toBe("1");
    });

    it("takes a page that is not JSON for what stands on the way, whatever its status", async () => {
      const page = { headers: { "content-type": "text/html" }, body: "<h1>gateway</h1>" };
      for (const status of [200, 201, 502, 503]) {
        cosmos.harm({ status, ...page });
        expect(await cosmos.documents.commit(partition, one)).toBe("unknown");
        expect((await registryErrorOf(read())).code).toBe("UNAVAILABLE");
      }
      for (const status of [429, 503]) {
        cosmos.harmNext({ status, body: "" });
        expect((await read())?.document).toEqual(document("there", "old"));
      }
    });
  });

  describe("because nobody answers", () => {
    it("does not know a commit at the end of its time, and sends nothing later", async () => {
      cosmos.harm("stall");
      const started = performance.now();
      expect(await cosmos.documents.commit(partition, two)).toBe("unknown");
      expect(performance.now() - started).toBeLessThan(millisMax);
      const sent = cosmos.items().length;
      expect(sent).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(cosmos.items()).toHaveLength(sent);
    });

    it("ends every read within its time, and sends nothing later", async () => {
      cosmos.harm("stall");
      const started = performance.now();
      const reading = [
        read(true),
        read(false),
        list(true),
        list(false),
        cosmos.documents.changes(undefined, 1),
      ];
      for (const call of reading) expect((await registryErrorOf(call)).code).toBe("UNAVAILABLE");
      expect(performance.now() - started).toBeLessThan(millisMax);
      const sent = cosmos.items().length;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(cosmos.items()).toHaveLength(sent);
    });
  });
});
