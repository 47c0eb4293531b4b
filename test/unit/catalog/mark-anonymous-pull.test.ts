import { expect, test } from "vitest";
import { leaveGeneration, restoreGeneration } from "../../../shared/catalog/generations.ts";
import { changeRepositoryLocks } from "../../../shared/catalog/locks/change-locks.ts";
import { markAnonymousPull } from "../../../shared/catalog/locks/mark-anonymous-pull.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "team/app" as RepositoryName;

async function open(): Promise<{ ports: Ports; registry: RegistryDocument }> {
  const { ports } = openMemoryPorts();
  const softDelete = { enabled: true, days: 7 };
  const registry = await ensureRegistry(ports, "local" as RegistryName, {
    sparseManifests: false,
    softDelete,
  });
  await ensureRepository(ports, registry, name);
  return { ports, registry };
}

test("a repository is marked for pulls without login, and the mark is taken away", async () => {
  const { ports, registry } = await open();
  const mark = async () => (await findRepository(ports, registry, name))?.anonymousPull;
  expect(await mark()).toBeUndefined();
  expect(await markAnonymousPull(ports, registry, name, true)).toMatchObject({ name, anonymousPull: true });
  expect(await mark()).toBe(true);
  expect((await ensureRepository(ports, registry, name)).anonymousPull).toBe(true);
  expect(await markAnonymousPull(ports, registry, name, false)).not.toHaveProperty("anonymousPull");
  expect(await mark()).toBeUndefined();
});

test("what is not there cannot be marked", async () => {
  const { ports, registry } = await open();
  expect(await markAnonymousPull(ports, registry, "nothing" as RepositoryName, true)).toBeUndefined();
});

test("marks and locks that are set at once do not undo each other", async () => {
  const { ports, registry } = await open();
  await Promise.all([
    markAnonymousPull(ports, registry, name, true),
    changeRepositoryLocks(ports, registry, name, { delete: true }),
    changeRepositoryLocks(ports, registry, name, { write: true }),
  ]);
  expect(await findRepository(ports, registry, name)).toMatchObject({
    anonymousPull: true,
    locks: ["delete", "write"],
  });
});

test("a repository that is made anew has no mark, one that is restored has it again", async () => {
  const { ports, registry } = await open();
  const marked = await ensureRepository(ports, registry, name);
  await markAnonymousPull(ports, registry, name, true);
  await leaveGeneration(ports, registry, name);
  await restoreGeneration(ports, registry, name, marked.generation);
  expect((await findRepository(ports, registry, name))?.anonymousPull).toBe(true);
  await leaveGeneration(ports, registry, name);
  expect((await ensureRepository(ports, registry, name)).anonymousPull).toBeUndefined();
});
