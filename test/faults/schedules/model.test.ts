import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listRepositories } from "../../../shared/catalog/catalog-entries.ts";
import { findRepository } from "../../../shared/catalog/repositories.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import { listReferrers } from "../../../shared/registry/list-referrers.ts";
import { listTags } from "../../../shared/registry/list-tags.ts";
import { readBlob } from "../../../shared/registry/read-blob.ts";
import { openManifest, readManifest } from "../../../shared/registry/read-manifest.ts";
import { brokenInvariants } from "./invariants.ts";
import { type Content, emptyModel, type Model, outcome, step } from "./model-steps.ts";
import { blobs, gather, manifests, type SampleBlob, type SampleManifest, tags } from "./samples.ts";
import { newSimulation, type Simulation } from "./simulation.ts";

async function compareBlob(simulation: Simulation, content: Content, name: RepositoryName, of: SampleBlob) {
  const { ports, registry } = simulation;
  const read = await outcome(readBlob(ports, await findRepository(ports, registry, name), of.digest, false));
  if (!content.blobs.has(of.digest)) {
    expect(read).toEqual({ code: "BLOB_UNKNOWN" });
    return;
  }
  if (!("value" in read)) throw new Error(`${of.name} is missing from ${name}`);
  expect(read.value.size).toBe(of.bytes.byteLength);
  const bytes = await gather(await read.value.open(0, of.bytes.byteLength - 1));
  expect(bytes.equals(of.bytes)).toBe(true);
}

async function compareManifest(
  simulation: Simulation,
  content: Content,
  name: RepositoryName,
  of: SampleManifest,
) {
  const { ports, registry } = simulation;
  const read = await outcome(
    readManifest(ports, await findRepository(ports, registry, name), name, {
      kind: "digest",
      digest: of.digest,
    }),
  );
  if (content.manifests.has(of.digest)) {
    if (!("value" in read)) throw new Error(`${of.name} is missing from ${name}`);
    const opened = await openManifest(ports, read.value);
    const bytes = typeof opened === "string" ? Buffer.from(opened) : await gather(opened);
    expect(bytes.equals(of.bytes)).toBe(true);
    expect(read.value.mediaType).toBe(of.mediaType);
  } else {
    expect(read).toEqual({ code: "MANIFEST_UNKNOWN" });
  }
  const page = await listReferrers(
    ports,
    await findRepository(ports, registry, name),
    of.digest,
    undefined,
    undefined,
    100,
  );
  const referring = manifests.filter(
    ({ subject, digest }) => subject === of.digest && content.manifests.has(digest),
  );
  expect(page.descriptors.map(({ digest }) => digest)).toEqual(referring.map(({ digest }) => digest));
}

async function compareTags(simulation: Simulation, content: Content, name: RepositoryName) {
  const { ports, registry } = simulation;
  for (const each of tags) {
    const read = await outcome(
      readManifest(ports, await findRepository(ports, registry, name), name, { kind: "tag", tag: each }),
    );
    const digest = "value" in read ? read.value.digest : undefined;
    expect(digest).toBe(content.tags.get(each));
  }
  const sorted = [...content.tags.keys()].sort();
  const first = await outcome(
    listTags(ports, await findRepository(ports, registry, name), name, undefined, 1),
  );
  if (!content.exists) {
    expect(first).toEqual({ code: "NAME_UNKNOWN" });
    return;
  }
  expect(first).toEqual({ value: { tags: sorted.slice(0, 1), more: sorted.length > 1 } });
  expect(await listTags(ports, await findRepository(ports, registry, name), name, sorted[0], 10)).toEqual({
    tags: sorted.slice(1),
    more: false,
  });
}

/** Pulls everything, and finds exactly what the model has. */
async function compare(simulation: Simulation, model: Model): Promise<void> {
  for (const [name, content] of model) {
    for (const each of blobs) await compareBlob(simulation, content, name, each);
    for (const each of manifests) await compareManifest(simulation, content, name, each);
    await compareTags(simulation, content, name);
  }
  const { ports, registry } = simulation;
  const listed = [...model].filter(([, { listed }]) => listed).map(([name]) => name);
  expect(await listRepositories(ports, registry, undefined, 100)).toEqual({
    names: listed.sort(),
    more: false,
  });
}

describe("a registry", () => {
  it("holds what a small map holds after the same pushes, mounts, tags and deletions", async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 30 });
    const property = fc.asyncProperty(steps, async (taken) => {
      const calm = { name: "calm", lost: 0, refused: 0, prefix: 0, crash: 0 };
      const simulation = await newSimulation(1, calm);
      const model = emptyModel();
      for (const each of taken) await each.run(simulation, model);
      await compare(simulation, model);
      expect(brokenInvariants(simulation)).toEqual([]);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
