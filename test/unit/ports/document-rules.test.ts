import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import {
  checkChangesLimit,
  checkId,
  checkListQuery,
  checkOperations,
  checkPartition,
} from "../../../shared/ports/document-rules.ts";
import type { Document } from "../../../shared/ports/document-store.ts";

const document = (fields: object): Document => ({ id: "a", kind: "k", schema: 1, writer: "w", ...fields });
const commitOf = (fields: object) => () =>
  checkOperations("p", [{ op: "create", document: document(fields) }]);

describe("the rules of documents", () => {
  it("leave a document the fields that are its own", () => {
    expect(commitOf({ pkg: 1, ttls: 2, a_b: 3, etag: 4, nested: { _ts: 1, pk: 2, ttl: 3 } })).not.toThrow();
  });

  it("refuse the fields that a store keeps beside it", () => {
    for (const field of ["pk", "ttl", "_etag", "_rid", "_self", "_ts", "_lsn", "_"]) {
      expect(commitOf({ [field]: 1 }), field).toThrow(field);
    }
  });

  it("count the bytes of all documents of a commit, not their characters", () => {
    const twoBytes = "\u00e4".repeat(limits.commitBytesMax / 2);
    expect(commitOf({ text: twoBytes.slice(0, -50) })).not.toThrow();
    expect(commitOf({ text: twoBytes })).toThrow(/bytes/);
  });

  it("take partitions of up to 2,048 bytes", () => {
    expect(() => checkPartition("p".repeat(2_048))).not.toThrow();
    for (const name of ["", "p".repeat(2_049), "\u00e4".repeat(1_025)]) {
      expect(() => checkPartition(name)).toThrow();
    }
  });

  it("take ids of printable ASCII without the four that are forbidden", () => {
    for (const id of ["m:sha256:00~!", "...", "a.", ".a"]) expect(() => checkId(id)).not.toThrow();
    for (const id of ["", " ", ".", "..", "a b", "a/b", "a\\b", "a?b", "a#b", "\u00e4", "a".repeat(1_024)]) {
      expect(() => checkId(id), JSON.stringify(id)).toThrow();
    }
  });

  it("take pages of 1 to 1,000 documents, and of any number of changes from 1", () => {
    for (const limit of [1, 1_000]) {
      expect(() => checkListQuery({ by: "id", limit, fresh: true })).not.toThrow();
      expect(() => checkChangesLimit(limit)).not.toThrow();
    }
    for (const limit of [0, -1, 0.5, Number.NaN]) {
      expect(() => checkListQuery({ by: "id", limit, fresh: true })).toThrow();
      expect(() => checkChangesLimit(limit)).toThrow();
    }
    expect(() => checkListQuery({ by: "id", limit: 1_001, fresh: true })).toThrow();
  });
});
