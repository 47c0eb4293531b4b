import { describe, expect, it } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";

const name = "library/app" as RepositoryName;

async function newDirectory() {
  const clock = new ManualClock(Date.UTC(2027, 4, 1));
  const documents = new MemoryDocuments().store();
  let reads = 0;
  const ports: Ports = {
    documents: {
      ...documents,
      read: async (...given) => {
        reads += 1;
        return await documents.read(...given);
      },
    },
    blobs: new MemoryBlobs({ blockBytes: 16 }).store(),
    sessions: new MemorySessions().store(),
    work: new MemoryWorkQueue().store(),
    signer: keyedSigner("key"),
    clock,
    ids: seededIds(1, clock),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  const registry = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: false });
  const directory = new RepositoryDirectory(ports);
  const counted = async <T>(use: () => Promise<T>): Promise<[T, number]> => {
    reads = 0;
    return [await use(), reads];
  };
  return { clock, ports, registry, directory, counted };
}

describe("the directory of repositories", () => {
  it("reads a repository once in the time that it may be remembered", async () => {
    const { clock, ports, registry, directory, counted } = await newDirectory();
    const made = await ensureRepository(ports, registry, name);
    const find = async () => await directory.find(registry, name);
    expect(await counted(find)).toEqual([made, 1]);
    clock.advance(limits.repositoryCacheSeconds * 1000 - 1);
    expect(await counted(find)).toEqual([made, 0]);
    clock.advance(1);
    expect(await counted(find)).toEqual([made, 1]);
  });

  it("never remembers that there is none", async () => {
    const { ports, registry, directory, counted } = await newDirectory();
    const find = async () => await directory.find(registry, name);
    expect(await counted(find)).toEqual([undefined, 1]);
    const made = await ensureRepository(ports, registry, name);
    expect(await counted(find)).toEqual([made, 1]);
  });

  it("goes by the registry's policies of now", async () => {
    const { ports, registry, directory } = await newDirectory();
    await ensureRepository(ports, registry, name);
    await directory.find(registry, name);
    const changed = { ...registry, policies: { sparseManifests: true } };
    expect((await directory.find(changed, name))?.registry).toBe(changed);
  });

  it("keeps repositories of the same name in two registries apart", async () => {
    const { ports, registry, directory } = await newDirectory();
    const other = await ensureRegistry(ports, "other" as RegistryName, { sparseManifests: false });
    await ensureRepository(ports, registry, name);
    expect(await directory.find(registry, name)).toBeDefined();
    expect(await directory.find(other, name)).toBeUndefined();
  });
});
