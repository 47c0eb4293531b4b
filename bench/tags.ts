import { Agent, get } from "node:http";
import { ensureRegistry } from "../shared/catalog/registries.ts";
import { asReference, parseRepositoryName, type RegistryName, type Tag } from "../shared/domain/name.ts";
import { openLocalPorts } from "../shared/local/open.ts";
import type { Ports } from "../shared/ports/ports.ts";
import { writeManifest } from "../shared/registry/write-manifest.ts";
import type { Comparison } from "./comparison.ts";
import { type Bench, inTurn } from "./part.ts";

const few = 1_000;
const many = 1_000_000;
const tagsPerManifest = 20;
const manifestsAtOnce = 64;
const pageTags = 100;
/** Pages whose median is a round's value. */
const pagesPerRound = 500;
const indexMediaType = "application/vnd.oci.image.index.v1+json";

/**
 * A page of 100 tags in a repository of 1,000 and in one of 1,000,000, at its begin and from a random tag on. The tags are made
 * by the registry's own use case in this process, 20 with each manifest, and so lie in the store as pushed ones do.
 */
export async function measureTags(bench: Bench): Promise<Comparison[]> {
  const dataDir = `${bench.folder}/tags`;
  for (const count of [few, many]) {
    const startedAt = performance.now();
    await fill(dataDir, repositoryOf(count), count);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    bench.print(`${count.toLocaleString("en-US")} tags made in ${seconds} s`);
  }
  const { port } = await bench.startPortolan({ DATA_DIR: dataDir });
  const subjects = [many, few].map((count) => ({ label: `${count.toLocaleString("en-US")} tags`, count }));
  const comparisons: Comparison[] = [];
  for (const from of ["the first tag", "a random tag"] as const) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const [measured, reference] = await inTurn(subjects, bench.rounds, async ({ count }) => {
      const millis: number[] = [];
      for (let page = 0; page < pagesPerRound; page++) {
        const last =
          from === "the first tag" ? undefined : Math.floor(Math.random() * (count - pageTags - 1));
        millis.push(await readPage(agent, port, count, last));
      }
      return millis.toSorted((a, b) => a - b)[pagesPerRound / 2] ?? Number.NaN;
    });
    agent.destroy();
    if (measured === undefined || reference === undefined) throw new Error("two repositories were measured");
    const what = `page of ${pageTags} tags from ${from} on`;
    comparisons.push({
      what,
      unit: "ms",
      measured,
      reference,
      target: { kind: "times-at-most", times: 1.25 },
    });
  }
  return comparisons;
}

function repositoryOf(count: number): string {
  return `bench/tags-${count}`;
}

function tagAt(index: number): Tag {
  return `build-${String(index).padStart(7, "0")}` as Tag;
}

/** Makes a repository with so many tags, 20 to a manifest, by the registry's own use case. */
export async function fill(dataDir: string, repository: string, count: number): Promise<void> {
  const { ports, close } = await openLocalPorts(dataDir);
  const registry = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: false });
  const manifests = count / tagsPerManifest;
  let next = 0;
  const worker = async () => {
    while (next < manifests) {
      const manifest = next++;
      await pushTagged(ports, registry, repository, manifest);
    }
  };
  await Promise.all(Array.from({ length: Math.min(manifestsAtOnce, manifests) }, worker));
  await close();
}

async function pushTagged(
  ports: Ports,
  registry: Awaited<ReturnType<typeof ensureRegistry>>,
  repository: string,
  manifest: number,
): Promise<void> {
  const annotations = { "org.opencontainers.image.version": String(manifest) };
  const index = { schemaVersion: 2, mediaType: indexMediaType, manifests: [], annotations };
  const [first = tagAt(0), ...others] = Array.from({ length: tagsPerManifest }, (_, tag) =>
    tagAt(manifest * tagsPerManifest + tag),
  );
  const reference = asReference(first);
  if (reference === undefined) throw new Error(`${first} is no tag`);
  await writeManifest(ports, registry, parseRepositoryName(repository), {
    reference,
    tags: others,
    mediaType: indexMediaType,
    bytes: Buffer.from(JSON.stringify(index)),
  });
}

/** @param last the number of the tag that the page follows @returns ms until the last byte */
async function readPage(
  agent: Agent,
  port: number,
  count: number,
  last: number | undefined,
): Promise<number> {
  const query = last === undefined ? "" : `&last=${tagAt(last)}`;
  const path = `/v2/${repositoryOf(count)}/tags/list?n=${pageTags}${query}`;
  const startedAt = performance.now();
  const text = await getText(agent, port, path);
  const millis = performance.now() - startedAt;
  const { tags } = JSON.parse(text) as { tags: string[] };
  const expected = tagAt((last ?? -1) + 1);
  if (tags.length !== pageTags || tags[0] !== expected) throw new Error(`${path} begins with ${tags[0]}`);
  return millis;
}

async function getText(agent: Agent, port: number, path: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    get({ agent, host: "127.0.0.1", port, path }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      reply.once("end", () => resolve(text)).once("error", reject);
    }).once("error", reject);
  });
}
