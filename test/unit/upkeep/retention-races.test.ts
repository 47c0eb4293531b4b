import { describe, expect, it } from "vitest";
import type { ManifestDocument } from "../../../shared/catalog/documents.ts";
import { untaggedRule } from "../../../shared/domain/lifecycle.ts";
import { indexOf, noteOf, soft } from "../registry/memory-registry.ts";
import {
  child,
  dayMillis,
  decide,
  fill,
  index,
  keepStable,
  kept,
  keyOf,
  old,
  open,
  other,
  run,
  signature,
} from "./retention-samples.ts";

describe("between decision and deletion", () => {
  it("a manifest that is tagged again stays, and a tag that is moved", async () => {
    const memory = open([old, untaggedRule(7)]);
    await fill(memory);
    await memory.push(noteOf("loose"));
    memory.clock.advance(40 * dayMillis);
    const decided = await decide(memory);
    await memory.push(noteOf("loose"), ["again"]);
    await memory.push(kept, ["v1"]);
    await decided.carryOut();
    expect(await memory.pull("again")).toBeDefined();
    expect(await memory.pull("v1")).toMatchObject({ digest: kept.digest });
    expect(await memory.pull("stable")).toBeDefined();
    // It has lost its tag since, and that is another reason than the one for which it was chosen.
    expect(await memory.pull(index)).toBeDefined();
    expect(await memory.pull(child)).toBeDefined();
    expect(await memory.pull(signature)).toBeDefined();
    expect(await memory.pull("v2")).toBeUndefined();
    memory.expectWhole();
  });

  it("an index that names a child which is about to go is refused at any moment, or the child stays", async () => {
    const rival = indexOf([child]);
    const outcomes = new Set<string>();
    for (let at = -1; ; at++) {
      const memory = open([old]);
      await fill(memory);
      const decided = await decide(memory);
      let calls = 0;
      let outcome = "accepted";
      const push = async () => {
        await memory.push(rival, ["rival"]).catch((error: { code: string }) => {
          outcome = error.code;
        });
      };
      if (at === -1) await push();
      await decided.carryOut(memory.meeting(() => calls++ === at, push));
      if (at >= calls) break;
      outcomes.add(outcome);
      expect((await memory.pull(rival)) !== undefined, `${at}`).toBe(outcome === "accepted");
      expect((await memory.pull(child)) !== undefined, `${at}`).toBe(outcome === "accepted");
      expect(await memory.pull(index), `${at}`).toBeUndefined();
      memory.expectWhole();
    }
    expect(outcomes).toEqual(new Set(["accepted", "MANIFEST_BLOB_UNKNOWN"]));
  });

  it("a push at any moment finds its image whole, or makes it whole", async () => {
    for (let at = 0; ; at++) {
      const memory = open([old]);
      await fill(memory);
      const decided = await decide(memory);
      let calls = 0;
      const push = async () => {
        await memory.push(child);
        await memory.push(other);
        await memory.push(index, ["v1"]);
      };
      await decided.carryOut(memory.meeting(() => calls++ === at, push));
      if (calls <= at) {
        expect(at).toBeGreaterThan(20);
        break;
      }
      for (const there of [child, other, index, "v1"])
        expect(await memory.pull(there), `${at}`).toBeDefined();
      memory.expectWhole();
    }
  });

  it("a subject that is pushed again keeps what refers to it, and a repeated run changes nothing", async () => {
    const memory = open([old]);
    await fill(memory);
    const decided = await decide(memory);
    await memory.push(index);
    await decided.carryOut();
    expect(await memory.pull(signature)).toBeDefined();
    expect(await memory.pull(child)).toBeDefined();
    expect(await decided.carryOut()).toMatchObject({ tags: 0, manifests: 0 });
    memory.expectWhole();
  });

  it("a subject that is pushed again once it is gone keeps what refers to it", async () => {
    const memory = open([old]);
    await fill(memory);
    const decided = await decide(memory);
    const isGone = () =>
      !memory.of<ManifestDocument>("manifest").some(({ digest }) => digest === index.digest);
    await decided.carryOut(
      memory.meeting(isGone, async () => {
        await memory.push(child);
        await memory.push(index, ["v1"]);
      }),
    );
    expect(await memory.pull("v1")).toBeDefined();
    expect(await memory.pull(signature)).toBeDefined();
    memory.expectWhole();
  });

  it("a tag that is pushed again stays, where its manifest stays anyway", async () => {
    for (const target of [kept, index]) {
      const memory = open([old, keepStable]);
      await fill(memory);
      const decided = await decide(memory);
      expect(decided.victims.map(keyOf)).toContain("v3");
      await memory.push(target, ["v3"]);
      await decided.carryOut();
      expect(await memory.pull("v3")).toMatchObject({ digest: target.digest });
      memory.expectWhole();
    }
  });

  it("what has become immutable stays", async () => {
    const memory = open([old]);
    await fill(memory);
    const decided = await decide(memory);
    memory.policies = {
      ...memory.policies,
      lifecycle: { rules: [old], immutableTags: [{ repositories: ["**"], tags: ["v*"] }] },
    };
    expect(await decided.carryOut()).toMatchObject({ tags: 0, whole: true });
    expect(await memory.pull("v2")).toBeDefined();
    expect(await memory.pull(child)).toBeDefined();
  });

  it("a child stays whose index could be restored, where it could not", async () => {
    const memory = open([], soft);
    await memory.push(child);
    await memory.push(indexOf([child]), ["v1"]);
    memory.clock.advance(40 * dayMillis);
    await memory.delete(indexOf([child]));
    memory.policies = {
      ...memory.policies,
      softDelete: { enabled: false, days: 7 },
      lifecycle: { rules: [untaggedRule(7)], immutableTags: [] },
    };
    await run(memory);
    expect(await memory.pull(child)).toBeDefined();
    memory.policies = { ...memory.policies, ...soft };
    memory.clock.advance(dayMillis);
    await run(memory);
    expect(await memory.pull(child)).toBeUndefined();
  });
});
