import { afterAll, beforeAll, expect, test } from "vitest";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { countedDocuments, noCalls } from "../../support/counted-documents.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
const provider = "providers/Microsoft.ContainerRegistry/registries";
const registries = 10_000;
const groups = 20;
const pageSize = 25;

let registry: GuardedRegistry;
const counts = { ...noCalls };

beforeAll(async () => {
  registry = await openGuardedRegistry({
    ports: (ports) => ({ ...ports, documents: countedDocuments(ports.documents, counts) }),
  });
  for (let index = 0; index < registries; index++) {
    const name = `tenant${String(index).padStart(5, "0")}` as RegistryName;
    const group = `group${index % groups}`;
    await createRegistry(registry.ports, name, {
      group,
      tier: "Basic",
      policies: { sparseManifests: false },
    });
  }
}, 60_000);
afterAll(() => {
  process.stdout.write(`a page of ${pageSize} of ${registries} registries: ${JSON.stringify(counts)}\n`);
});

async function page(target: string): Promise<{ names: readonly string[]; next: string | undefined }> {
  Object.assign(counts, noCalls);
  const headers = { authorization: basic("administrator", registry.administrator) };
  const answer = await registry.send({ method: "GET", target, headers });
  expect(answer.status).toBe(200);
  const { value, nextLink } = JSON.parse(answer.body.toString()) as {
    value: readonly { name: string }[];
    nextLink?: string;
  };
  return { names: value.map(({ name }) => name), next: nextLink?.replace(/^http:\/\/[^/]+/, "") };
}

test("a page of registries costs as much wherever it is, and however many there are", async () => {
  const path = `${subscription}/resourceGroups/GROUP7/${provider}?api-version=2025-11-01&n=${pageSize}`;
  // The administrator is known from then on.
  await page(path);
  const names: string[] = [];
  for (let target: string | undefined = path; target !== undefined; ) {
    const read = await page(target);
    names.push(...read.names);
    expect(counts).toEqual({ lists: 1, reads: 3 * pageSize, commits: 0 });
    target = read.next;
  }
  const wanted = Array.from({ length: registries / groups }, (_, index) => index * groups + 7);
  expect(names).toEqual(wanted.map((index) => `tenant${String(index).padStart(5, "0")}`));
});

test("the list of all goes on from anywhere", async () => {
  const all = `${subscription}/${provider}?api-version=2025-11-01&n=${pageSize}`;
  const { names } = await page(`${all}&$skiptoken=group7:tenant05007:zzz`);
  expect(names[0]).toBe("tenant05027");
  expect(counts).toEqual({ lists: 1, reads: 3 * pageSize, commits: 0 });
});
