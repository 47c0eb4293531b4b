import { describe, expect, it } from "vitest";
import type { RetentionCursorDocument } from "../../../shared/catalog/collection-documents.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import { untaggedRule } from "../../../shared/domain/lifecycle.ts";
import { asRepositoryName, type RepositoryName } from "../../../shared/domain/name.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { loadSnapshot } from "../../../shared/upkeep/retention/load-snapshot.ts";
import type { PreviewPosition } from "../../../shared/upkeep/retention/preview.ts";
import { createUpkeep } from "../../../shared/upkeep/upkeep.ts";
import { eventQueue } from "../../../shared/upkeep/wake-on-events.ts";
import { indexOf, must, name, soft } from "../registry/memory-registry.ts";
import {
  child,
  dayMillis,
  fill,
  index,
  keepStable,
  kept,
  keyOf,
  old,
  open,
  other,
  preview,
  run,
  signature,
  single,
} from "./retention-samples.ts";

describe("retention", () => {
  for (const policies of [{}, soft]) {
    it(`deletes what its preview shows, and nothing else${policies === soft ? ", so that it can be restored" : ""}`, async () => {
      const memory = open([old, keepStable], policies);
      await fill(memory);
      const { victims, next } = await preview(memory);
      expect(next).toBeUndefined();
      expect(victims.map(({ victim }) => keyOf(victim)).sort()).toEqual(
        ["v1", "v2", "v2.0", "v3", index.digest, child.digest, signature.digest, single.digest].sort(),
      );
      for (const { repository, victim } of victims) expect([repository, victim.rule]).toEqual([name, "old"]);
      const lines = await run(memory);
      expect(lines.at(-1)).toMatchObject({
        work: "retention",
        tags: 4,
        manifests: 4,
        left: 0,
        finished: true,
      });
      for (const gone of [child, index, signature, single, "v1", "v2", "v2.0", "v3"]) {
        expect(await memory.pull(gone)).toBeUndefined();
      }
      for (const there of [kept, other, "stable", "stable-arm"])
        expect(await memory.pull(there)).toBeDefined();
      memory.expectWhole();
      expect((await preview(memory)).victims).toEqual([]);
      const deleted = memory
        .of<{ kind: "manifest"; state: string }>("manifest")
        .filter((one) => one.state === "deleted");
      expect(deleted).toHaveLength(policies === soft ? 4 : 0);
    });
  }

  it("is previewed without a change, page by page", async () => {
    const memory = open([old]);
    await fill(memory);
    await memory.registry();
    const before = JSON.stringify([...memory.documents.everything()]);
    const whole = await preview(memory);
    const paged: PreviewPosition[] = [];
    const victims = [];
    for (let from: PreviewPosition | undefined; ; ) {
      const page = await preview(memory, { ...(from === undefined ? {} : { from }), limit: 2 });
      victims.push(...page.victims);
      if (page.next === undefined) break;
      from = page.next;
      paged.push(from);
    }
    expect(victims).toEqual(whole.victims);
    expect(paged.length).toBeGreaterThan(3);
    expect(JSON.stringify([...memory.documents.everything()])).toBe(before);
  });

  it("deletes untagged manifests of any type, those too that had no tag before the rule was there", async () => {
    const memory = open([]);
    await memory.push(single);
    await memory.push(indexOf([]));
    memory.clock.advance(8 * dayMillis);
    memory.policies = { ...memory.policies, lifecycle: { rules: [untaggedRule(7)], immutableTags: [] } };
    await run(memory);
    expect(await memory.pull(single)).toBeUndefined();
    expect(await memory.pull(indexOf([]))).toBeUndefined();
    memory.expectWhole();
  });

  it("goes by the day of the last pull", async () => {
    const memory = open([{ ...old, by: "pull" }]);
    await fill(memory);
    const pulls = new PullRecorder(memory.ports, (error) => {
      throw error;
    });
    pulls.note(await memory.repository(), single.digest);
    await pulls.settled();
    memory.clock.advance(29 * dayMillis);
    await run(memory);
    expect(await memory.pull("v2")).toBeDefined();
    expect(await memory.pull("v1")).toBeUndefined();
  });

  it("leaves a manifest alone while somebody may be about to point at it, with its tags", async () => {
    const memory = open([{ ...old, olderThanDays: 0 }]);
    await memory.push(single, ["v1"]);
    const lines = await run(memory);
    expect(lines.at(-1)).toMatchObject({ tags: 0, manifests: 0, left: 1 });
    expect(await memory.pull("v1")).toBeDefined();
    memory.clock.advance(2 * dayMillis);
    await run(memory);
    expect(await memory.pull(single)).toBeUndefined();
  });

  it("looks at a registry once in its interval", async () => {
    const memory = open([old]);
    await fill(memory);
    expect(await run(memory)).not.toEqual([]);
    memory.clock.advance(dayMillis / 2);
    expect(await run(memory)).toEqual([]);
    memory.clock.advance(dayMillis / 2);
    expect((await run(memory)).at(-1)).toMatchObject({ manifests: 0, finished: true });
  });

  it("is run by its timer, one process at a time, and wakes who counts", async () => {
    const memory = open([old]);
    await fill(memory);
    await memory.registry();
    const log = createLog("silent", () => {});
    const upkeep = createUpkeep(memory.ports, log, true);
    await memory.ports.documents.commit(partitions.operations, [
      {
        op: "create",
        document: {
          ...{
            id: ids.jobLease("retention"),
            kind: "job-lease",
            schema: 1,
            writer: "other",
            holder: "other",
          },
          ...{ until: memory.clock.now() + 60_000 },
        },
      },
    ]);
    await upkeep.tick("retention");
    expect(await memory.pull("v1")).toBeDefined();
    memory.clock.advance(60_000);
    await upkeep.tick("retention");
    await upkeep.settled();
    expect(await memory.pull("v1")).toBeUndefined();
    expect(await memory.ports.work.length(eventQueue)).toBe(1);
    expect(memory.of("job-lease")).toEqual([]);
  });

  it("does nothing for a registry whose rules only keep", async () => {
    const memory = open([keepStable]);
    await fill(memory);
    expect(await run(memory)).toEqual([]);
    expect(memory.of("retention-cursor")).toEqual([]);
  });

  it("goes on in the next run where one had to stop", async () => {
    const memory = open([old]);
    const registry = await memory.registry();
    const names = ["a", "b", "c"].map((text) => must(asRepositoryName(text)) as RepositoryName);
    for (const repository of names) {
      for (const manifest of [single, kept]) {
        await writeManifest(memory.ports, registry, repository, {
          ...manifest,
          reference: { kind: "digest", digest: manifest.digest },
          tags: [],
        });
      }
    }
    memory.policies = { ...memory.policies, lifecycle: { rules: [untaggedRule(30)], immutableTags: [] } };
    memory.clock.advance(40 * dayMillis);
    // Each deletion takes longer than a third of a run.
    const slow = memory.bent({
      around: async ({ name: call, subject }, moment) => {
        if (moment === "after" && call === "commit" && subject.startsWith("r~")) memory.clock.advance(50_000);
      },
    });
    const afters: (string | undefined)[] = [];
    let runs = 0;
    for (let finished = false; !finished; runs += 1) {
      await run(memory, slow);
      const [cursor] = memory.of<RetentionCursorDocument>("retention-cursor");
      afters.push(cursor?.after);
      finished = must(cursor).finished;
    }
    expect(runs).toBeGreaterThan(1);
    expect(afters).toEqual(afters.toSorted());
    expect(memory.of("manifest")).toEqual([]);
  });

  it("leaves a repository alone that has more in it than it takes in", async () => {
    const memory = open([old]);
    await fill(memory);
    const repository = await memory.repository();
    expect(await loadSnapshot(memory.ports, repository, true, 14)).toBeDefined();
    expect(await loadSnapshot(memory.ports, repository, true, 13)).toBeUndefined();
  });

  it("stops when the store is away, and begins again there", async () => {
    const memory = open([old]);
    await fill(memory);
    await memory.registry();
    const broken = memory.bent({ readFate: ({ name: call }) => (call === "list" ? "refused" : "done") });
    await expect(run(memory, broken)).rejects.toThrow();
    expect(await memory.pull("v1")).toBeDefined();
    await run(memory);
    expect(await memory.pull("v1")).toBeUndefined();
  });
});
