import { describe, expect, it } from "vitest";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import {
  ensureRegistry,
  findRegistry,
  listRegistries,
  readRegistry,
} from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "registry" as RegistryName;
const usual = { sparseManifests: false, serveThroughBytesMax: 0 };

describe("registries", () => {
  it("are enumerated a page at a time", async () => {
    const { ports } = openMemoryPorts();
    const made: string[] = [];
    for (const each of ["first", "second", "third"] as RegistryName[]) {
      made.push((await ensureRegistry(ports, each, usual)).rid);
    }
    const page = await listRegistries(ports, undefined, 2);
    expect(page.more).toBe(true);
    const rest = await listRegistries(ports, page.registries[1]?.rid, 2);
    expect(rest.more).toBe(false);
    const found = [...page.registries, ...rest.registries].map(({ rid }) => rid);
    expect(found).toEqual(made.toSorted());
  });

  it("that were made without an entry get it when they are asked for", async () => {
    const { ports } = openMemoryPorts();
    const { rid } = await ensureRegistry(ports, name, usual);
    const entry = await ports.documents.read(partitions.registries, ids.registryEntry(rid), { fresh: true });
    await ports.documents.commit(partitions.registries, [
      { op: "delete", id: ids.registryEntry(rid), etag: entry?.etag ?? "" },
    ]);
    await ensureRegistry(ports, name, usual);
    expect((await listRegistries(ports, undefined, 10)).registries).toMatchObject([{ rid, name }]);
  });

  it("keep the policies that are not asked for", async () => {
    const { ports } = openMemoryPorts();
    const { rid } = await ensureRegistry(ports, name, usual);
    const stored = await readRegistry(ports, rid);
    if (stored === undefined) throw new Error("the registry is not there");
    const softDelete = { enabled: true, days: 7 };
    const document: RegistryDocument = {
      ...stored.document,
      policies: { ...stored.document.policies, softDelete },
    };
    await ports.documents.commit(partitions.registry(rid), [{ op: "replace", document, etag: stored.etag }]);
    const policies = { sparseManifests: true, serveThroughBytesMax: 0 };
    expect((await ensureRegistry(ports, name, policies)).policies).toEqual({ ...policies, softDelete });
    expect((await findRegistry(ports, name))?.policies).toEqual({ ...policies, softDelete });
  });

  it("are one of a name, however many ask for it and whatever is lost", async () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const { ports, documents } = openMemoryPorts({}, seed);
      const commitFate = (): CommitFate => (["lost", "late", "twice"] as const)[random(6)] ?? "done";
      const landings: (() => void)[] = [];
      const later = (_: unknown, effect: () => void) => void landings.push(effect);
      const bent = { ...ports, documents: documents.store({ commitFate, later }) };
      const made = await Promise.all([1, 2, 3].map(async () => await ensureRegistry(bent, name, usual)));
      for (const land of landings) land();
      const rids = new Set(made.map(({ rid }) => rid));
      expect(rids.size, `seed ${seed}`).toBe(1);
      const found = await findRegistry(ports, name);
      expect(rids, `seed ${seed}`).toContain(found?.rid);
      const { registries } = await listRegistries(ports, undefined, 100);
      expect(registries.map(({ rid }) => rid)).toContain(found?.rid);
    }
  });
});
