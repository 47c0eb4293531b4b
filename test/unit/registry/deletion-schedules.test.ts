import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { purgeExpired } from "../../../shared/catalog/deletion/deleted-manifests.ts";
import type { ManifestDocument } from "../../../shared/catalog/documents.ts";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { readManifest } from "../../../shared/catalog/manifests.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";
import type { Bend } from "../../../shared/memory/bend.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { lockManifest, lockTag } from "../../../shared/registry/change-locks.ts";
import { purgeDeletedManifest, purgeDeletedTag } from "../../../shared/registry/purge-deleted.ts";
import { restoreManifest } from "../../../shared/registry/restore-manifest.ts";
import {
  indexOf,
  MemoryRegistry,
  name,
  noteOf,
  type Sample,
  soft,
  tagOf,
  wideManifest,
} from "./memory-registry.ts";

const notes = [noteOf("one"), noteOf("two"), wideManifest()];
const samples: readonly Sample[] = [...notes, indexOf(notes)];
const tags = ["a", "b", "kept", "v1"];

/** Callers that wait at every call until one of them, drawn, may go on; and replies to commits that are lost now and then. */
function interleaving(random: Random): {
  bend: Bend;
  run: (clients: readonly Promise<unknown>[]) => Promise<void>;
} {
  const waiting: (() => void)[] = [];
  const bend: Bend = {
    around: async () => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    },
    commitFate: () => (random(15) === 0 ? (random(2) === 0 ? "lost" : "refused") : "done"),
  };
  const run = async (clients: readonly Promise<unknown>[]) => {
    let over = false;
    const all = Promise.all(clients).finally(() => {
      over = true;
    });
    while (!over) {
      await setImmediate();
      waiting.splice(random(Math.max(1, waiting.length)), 1)[0]?.();
    }
    await all;
  };
  return { bend, run };
}

/** What the clients of one schedule are about: the less it is, the more often they meet. */
interface Focus {
  readonly samples: readonly Sample[];
  readonly tags: readonly string[];
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[random(from.length)] as T;
}

async function act(at: MemoryRegistry, random: Random, ports: Ports, focus: Focus): Promise<void> {
  const registry = await at.registry();
  const [sample, tag] = [pick(focus.samples, random), pick(focus.tags, random)];
  const force = random(2) === 0;
  const actions: readonly (() => Promise<unknown>)[] = [
    () => at.push(sample, [tag], ports),
    () => at.push(sample, random(2) === 0 ? [] : focus.tags, ports),
    () => at.delete(sample, ports),
    () => at.delete(sample, ports),
    () => at.delete(tag, ports),
    () => restoreManifest(ports, registry, name, sample.digest, { tag: tagOf(tag), force }),
    () => restoreManifest(ports, registry, name, sample.digest, { force }),
    () => purgeDeletedManifest(ports, registry, name, sample.digest),
    () => purgeDeletedTag(ports, registry, name, tagOf(tag)),
    async () => await purgeExpired(ports, await at.repository(), at.clock.now() - random(3), 10),
    () => lockTag(ports, registry, name, tagOf("a"), { delete: force, write: random(2) === 0 }),
    () => lockManifest(ports, registry, name, sample.digest, { delete: random(4) === 0 }),
  ];
  at.clock.advance(random(3));
  try {
    await pick(actions, random)();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
}

/** As a sweep does with what is between two states. */
async function finish(at: MemoryRegistry): Promise<void> {
  const repository = await at.repository();
  for (const { digest } of samples) {
    const stored = await readManifest(at.ports, repository, digest);
    if (stored?.document.state === "pending") {
      const document: ManifestDocument = { ...stored.document, state: "deleting" };
      await at.ports.documents.commit(repository.partition, [{ op: "replace", document, etag: stored.etag }]);
    }
    await finishManifestDeletion(at.ports, repository, digest);
  }
}

test("whatever meets, what is there belongs together, is counted, and what is locked or immutable stays", async () => {
  for (let seed = 0; seed < 250; seed++) {
    const random = seededRandom(seed);
    const lifecycle = { rules: [], immutableTags: [{ repositories: ["**"], tags: ["v*"] }] };
    const at = new MemoryRegistry({ ...soft, sparseManifests: true, lifecycle });
    const [one, two] = notes;
    if (one === undefined || two === undefined) throw new Error("there are no samples");
    await at.push(one, ["kept"]);
    await at.push(two, ["v1"]);
    await lockTag(at.ports, await at.registry(), name, tagOf("kept"), { delete: true, write: true });
    const { bend, run } = interleaving(random);
    const ports = at.bent(bend);
    const some = <T>(of: readonly T[]) =>
      of.filter((_, index) => index === seed % of.length || random(4) === 0);
    const focus = { samples: some(samples), tags: some(tags) };
    for (const sample of focus.samples) {
      await at.push(sample, focus.tags).catch(() => {});
      if (random(2) === 0) await at.delete(sample).catch(() => {});
    }
    const clients = Array.from({ length: 3 }, async () => {
      for (let requests = 0; requests < 5; requests++) await act(at, random, ports, focus);
    });
    await run(clients);
    await finish(at);
    try {
      at.expectWhole();
      expect((await at.pull("kept"))?.digest).toBe(one.digest);
      expect((await at.pull("v1"))?.digest).toBe(two.digest);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}, 120_000);
