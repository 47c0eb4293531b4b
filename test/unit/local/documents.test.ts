import { mkdirSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { Database } from "../../../shared/local/database.ts";
import { LocalDocuments } from "../../../shared/local/documents.ts";
import { LocalSessions } from "../../../shared/local/sessions.ts";
import type { Document, Operation } from "../../../shared/ports/document-store.ts";
import { newFolder } from "./folder.ts";

function open(folder = newFolder()) {
  mkdirSync(folder, { recursive: true });
  const database = new Database(folder);
  const clock = { seconds: 1_000, now: () => clock.seconds * 1_000 };
  const close = async () => await database.close();
  return {
    documents: new LocalDocuments(database, clock),
    sessions: new LocalSessions(database),
    clock,
    close,
  };
}

/** Opened for one test. */
function opened() {
  const stores = open();
  onTestFinished(stores.close);
  return stores;
}

const document = (id: string, more: Partial<Document> = {}): Document => ({
  id,
  kind: "k",
  schema: 1,
  writer: "w",
  ...more,
});
const upsert = (id: string, more: Partial<Document> = {}): Operation => ({
  op: "upsert",
  document: document(id, more),
});

describe("documents in the embedded database", () => {
  it("are dropped some time after they expired, with their rank and their change", async () => {
    const { documents, clock } = opened();
    await documents.commit("p", [upsert("event", { expiresAt: 2_000, rank: "r" }), upsert("kept")]);
    await documents.commit("p", [upsert("renewed", { expiresAt: 2_000 })]);
    await documents.commit("p", [upsert("renewed", { expiresAt: 9_000 })]);
    clock.seconds = 2_000;
    await documents.commit("other", [upsert("a")]);
    expect(await documents.read("p", "event", { fresh: true })).toBeDefined();
    clock.seconds = 2_001;
    await documents.commit("other", [upsert("a")]);
    expect(await documents.read("p", "event", { fresh: true })).toBeUndefined();
    const ids = async (by: "id" | "rank") =>
      (await documents.list("p", { by, limit: 10, fresh: true })).documents.map(
        (stored) => stored.document.id,
      );
    expect(await ids("id")).toEqual(["kept", "renewed"]);
    expect(await ids("rank")).toEqual([]);
    const { changes } = await documents.changes(undefined, 10);
    expect(changes.map((change) => change.stored.document.id)).toEqual(["kept", "renewed", "a"]);
  });

  it("expire a few at a time, so that a commit does not wait for thousands", async () => {
    const { documents, clock } = opened();
    const many = Array.from({ length: 20 }, (_, index) => upsert(`e${index}`, { expiresAt: 2_000 }));
    await documents.commit("p", many);
    clock.seconds = 3_000;
    const left = [];
    for (let commits = 0; commits < 6; commits++) {
      await documents.commit("q", [upsert("a")]);
      left.push((await documents.list("p", { by: "id", limit: 100, fresh: true })).documents.length);
    }
    expect(left).toEqual([16, 12, 8, 4, 0, 0]);
  });

  it("cannot take the rank of another, unless that one gives it up", async () => {
    const { documents } = opened();
    await documents.commit("p", [upsert("a", { rank: "1" })]);
    await expect(documents.commit("p", [upsert("x"), upsert("b", { rank: "1" })])).rejects.toThrow(/rank 1/);
    expect(await documents.read("p", "x", { fresh: true })).toBeUndefined();
    expect(await documents.commit("q", [upsert("b", { rank: "1" })])).toBe("committed");
    expect(await documents.commit("p", [upsert("b", { rank: "1" }), upsert("a")])).toBe("committed");
  });

  it("fail alone when they are committed together with others", async () => {
    const { documents } = opened();
    await documents.commit("p", [upsert("a", { rank: "1" })]);
    const outcomes = await Promise.allSettled([
      documents.commit("p", [upsert("before")]),
      documents.commit("p", [upsert("b", { rank: "1" })]),
      documents.commit("p", [{ op: "create", document: document("a") }]),
      documents.commit("p", [upsert("after")]),
    ]);
    expect(outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "failed"))).toEqual([
      "committed",
      "failed",
      "conflict",
      "committed",
    ]);
  });

  it("never get an etag again, even after all were deleted and the database was opened anew", async () => {
    const folder = newFolder();
    const seen = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const { documents, close } = open(folder);
      await documents.commit("p", [upsert("a")]);
      const etag = (await documents.read("p", "a", { fresh: true }))?.etag ?? "";
      expect(seen.has(etag)).toBe(false);
      seen.add(etag);
      await documents.commit("p", [{ op: "delete", id: "a", etag }]);
      await close();
    }
  });

  it("cannot be changed by whoever reads them", async () => {
    const { documents } = opened();
    await documents.commit("p", [upsert("a")]);
    for (let read = 0; read < 2; read++) {
      const stored = await documents.read("p", "a", { fresh: true });
      expect(() => Object.assign(stored?.document ?? {}, { kind: "other" })).toThrow(TypeError);
    }
  });

  it("are read as they are now, whatever was parsed before", async () => {
    const { documents } = opened();
    for (let round = 0; round < 120; round++) {
      const id = `d${round % 7}`;
      // Large enough that the parsed ones are forgotten now and then.
      await documents.commit("p", [upsert(id, { kind: `${round} ${"x".repeat(100_000)}` })]);
      for (const fresh of [true, false]) {
        const stored = await documents.read("p", id, { fresh });
        expect(stored?.document.kind.startsWith(`${round} `)).toBe(true);
      }
    }
  });

  it("are changed no more once the database is closed", async () => {
    const { documents, sessions, close } = open();
    const last = documents.commit("p", [upsert("a")]);
    const closing = close();
    expect(await last).toBe("committed");
    await closing;
    await expect(documents.commit("p", [upsert("a")])).rejects.toThrow("closed");
    await expect(sessions.expire(1)).rejects.toThrow("closed");
  });
});
