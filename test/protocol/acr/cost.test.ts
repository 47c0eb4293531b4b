import { beforeAll, describe, expect, test } from "vitest";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import { serve } from "../../../shared/http/serve.ts";
import { type Calls, countedDocuments, noCalls } from "../../support/counted-documents.ts";
import { indexManifest } from "../harness/content.ts";
import { incoming, type MemoryRegistry, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";

interface Item {
  readonly digest: string;
  readonly tags?: readonly string[];
}

let registry: MemoryRegistry;
beforeAll(async () => {
  registry = await openMemoryRegistry();
  for (let number = 0; number < 60; number++) await push("many", number, [`v${number}`]);
  for (let from = 0; from < 1_040; from += 20) {
    await push(
      "tagged",
      1,
      Array.from({ length: 20 }, (_, index) => `t${from + index}`),
    );
  }
  await push("tagged", 2, ["other"]);
});

async function push(repository: string, number: number, tags: readonly string[]): Promise<void> {
  const body = indexManifest([], { annotations: { number: String(number) } });
  const [first = "", ...others] = tags;
  const query = others.map((tag) => `tag=${tag}`).join("&");
  const answer = await registry.send({
    method: "PUT",
    target: `/v2/${repository}/manifests/${first}?${query}`,
    headers: { "content-type": mediaTypes.ociIndex },
    body: [Buffer.from(body)],
    streamed: false,
  });
  expect(answer.status).toBe(201);
}

/** What one request asks of the documents, the repository's own aside. */
async function ask(method: string, target: string): Promise<{ asked: Calls; json: Record<string, unknown> }> {
  const asked = { ...noCalls };
  const { service } = registry;
  const documents = countedDocuments(service.ports.documents, asked);
  const ports = { ...service.ports, documents };
  const call = { method, target, headers: {}, body: undefined, streamed: false };
  const reply = await serve(
    { ...service, ports, repositories: new RepositoryDirectory(service.ports) },
    incoming(call),
  );
  expect(reply.status).toBeLessThan(300);
  const { body } = await readReply(reply);
  return { asked, json: JSON.parse(body.toString()) as Record<string, unknown> };
}

function itemsOf(json: Record<string, unknown>): readonly Item[] {
  return json["manifests"] as readonly Item[];
}

describe("a page costs range reads", () => {
  test.each([
    ["_tags", 60],
    ["_tags?orderby=timedesc", 60],
    ["_tags?orderby=timeasc&n=7", 7],
  ])("one for %s", async (list, count) => {
    const { asked, json } = await ask("GET", `/acr/v1/many/${list}`);
    expect(json["tags"]).toHaveLength(count);
    expect(asked).toEqual({ reads: 0, lists: 1, commits: 0 });
  });

  test("one for manifests with their tags, since these lie right behind them", async () => {
    const { asked, json } = await ask("GET", "/acr/v1/many/_manifests");
    expect(itemsOf(json).map(({ tags }) => tags?.length)).toEqual(Array.from({ length: 60 }, () => 1));
    expect(asked).toEqual({ reads: 0, lists: 1, commits: 0 });
  });

  test("one more for each manifest that is listed by time", async () => {
    const { asked, json } = await ask("GET", "/acr/v1/many/_manifests?orderby=timedesc&n=9");
    expect(itemsOf(json)).toHaveLength(9);
    expect(asked).toEqual({ reads: 0, lists: 10, commits: 0 });
  });

  test("and passes over the tags that it does not show", async () => {
    const { asked, json } = await ask("GET", "/acr/v1/tagged/_manifests");
    expect(
      itemsOf(json)
        .map(({ tags }) => tags?.length)
        .sort(),
    ).toEqual([1, 1_000]);
    expect(asked.lists).toBeLessThanOrEqual(6);
    expect(asked.reads).toBe(0);
  });
});

test("a repository is deleted at the same cost however much is in it", async () => {
  await push("few", 1, ["v1"]);
  const few = await ask("DELETE", "/acr/v1/few");
  const tagged = await ask("DELETE", "/acr/v1/tagged");
  expect(tagged.json["tagsDeleted"]).toHaveLength(100);
  expect(tagged.json["manifestsDeleted"]).toHaveLength(2);
  expect(tagged.asked).toEqual(few.asked);
  expect(tagged.asked.lists).toBe(2);
});
