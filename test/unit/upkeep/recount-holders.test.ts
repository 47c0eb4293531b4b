import { describe, expect, it } from "vitest";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import { listRepositoryUsage } from "../../../shared/catalog/usage.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { reconcileUsage, recountRegistry } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { readRecountReport } from "../../../shared/upkeep/recount/report.ts";
import { open, pushImage } from "./recount-samples.ts";

const log = createLog("silent", () => {});

describe("a recount of what holders keep", () => {
  it("tells what only a repository has, what it shares, and what only deleted manifests keep", async () => {
    const { ports, registry } = await open();
    const first = await pushImage(ports, registry, "app", "v1", ["shared", "only of v1", "of both"]);
    await pushImage(ports, registry, "app", "v2", ["of both", "two"]);
    await pushImage(ports, registry, "base", "v1", ["shared"]);
    const app = await ensureRepository(ports, registry, "app" as RepositoryName);
    await removeManifest(ports, app, first);
    await consumeEvents(ports, log);
    await reconcileUsage(ports, log);
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    const at = ports.clock.now();
    expect(usages).toMatchObject([
      {
        repository: "app",
        recount: {
          at,
          uniqueBlobs: 3,
          uniqueBytes: "only of v1of bothtwo".length,
          sharedBlobs: 1,
          sharedBytes: 6,
          restorableBlobs: 2,
          restorableBytes: "sharedonly of v1".length,
        },
      },
      {
        repository: "base",
        recount: { at, uniqueBlobs: 0, sharedBlobs: 1, sharedBytes: 6, restorableBlobs: 0 },
      },
    ]);
  });

  it("adds up the same however often it crashes, and whatever is lost", async () => {
    let crashes = 0;
    for (let seed = 0; seed < 15; seed++) {
      const random = seededRandom(seed);
      const { ports, documents, registry } = await open();
      await pushImage(ports, registry, "app", "v1", ["shared", "only of v1", "of both"]);
      await pushImage(ports, registry, "app", "v2", ["of both", "two"]);
      await pushImage(ports, registry, "base", "v1", ["shared"]);
      await consumeEvents(ports, log);
      const bent = documents.store({
        around: async () => {
          if (random(400) > 0) return;
          crashes += 1;
          throw new Error("a crash");
        },
        commitFate: (): CommitFate => (["lost", "twice"] as const)[random(8)] ?? "done",
      });
      while ((await readRecountReport(ports, registry.rid)) === undefined) {
        await recountRegistry({ ...ports, documents: bent }, log, registry, { pages: 10_000 }).catch(
          () => {},
        );
      }
      const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
      expect(usages, `seed ${seed}`).toMatchObject([
        { repository: "app", recount: { uniqueBlobs: 3, sharedBlobs: 1, sharedBytes: 6 } },
        { repository: "base", recount: { uniqueBlobs: 0, sharedBlobs: 1, sharedBytes: 6 } },
      ]);
    }
    expect(crashes).toBeGreaterThan(15);
  });
});
