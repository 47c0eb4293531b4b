import fc from "fast-check";
import { expect, test } from "vitest";
import { mediaTypes } from "../../shared/domain/media-type.ts";
import { openMemoryRegistry } from "./harness/memory-registry.ts";
import type { Answer, Registry } from "./harness/registry.ts";

const index = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,3}$/);

async function send(registry: Registry, method: string, target: string, body?: Uint8Array): Promise<Answer> {
  const headers = { host: "localhost", "content-type": mediaTypes.ociIndex };
  return await registry.send({
    method,
    target,
    headers,
    body: body === undefined ? undefined : [body],
    streamed: false,
  });
}

async function push(registry: Registry, name: string): Promise<void> {
  expect((await send(registry, "PUT", `/v2/app/manifests/${name}`, index)).status).toBe(201);
}

interface Writes {
  readonly pushed: readonly string[];
  readonly deleted: readonly string[];
}

/** What a client sees that follows the links, while `between` is written after each page. */
async function walk(registry: Registry, n: number, between: readonly Writes[]): Promise<string[]> {
  const seen: string[] = [];
  let next: string | undefined = `/v2/app/tags/list?n=${n}`;
  for (let page = 0; next !== undefined; page++) {
    const answer = await send(registry, "GET", next);
    seen.push(...(JSON.parse(answer.body.toString()) as { tags: string[] }).tags);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers["link"] ?? "")?.[1];
    for (const name of between[page]?.pushed ?? []) await push(registry, name);
    for (const name of between[page]?.deleted ?? [])
      await send(registry, "DELETE", `/v2/app/manifests/${name}`);
  }
  return seen;
}

test("who follows the links sees each tag that stays once and in order, whatever is pushed and deleted meanwhile", async () => {
  const writes = fc.record({
    pushed: fc.array(tag, { maxLength: 4 }),
    deleted: fc.array(tag, { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(tag, { minLength: 1, maxLength: 24 }),
      fc.integer({ min: 1, max: 7 }),
      fc.array(writes, { maxLength: 12 }),
      async (first, n, between) => {
        const registry = await openMemoryRegistry();
        for (const name of first) await push(registry, name);
        const seen = await walk(registry, n, between);
        const deleted = new Set(between.flatMap((each) => each.deleted));
        const known = new Set([...first, ...between.flatMap((each) => each.pushed)]);
        expect(seen).toEqual([...new Set(seen)].sort());
        expect(seen.filter((name) => !known.has(name))).toEqual([]);
        expect(first.filter((name) => !deleted.has(name) && !seen.includes(name))).toEqual([]);
        await registry.close();
      },
    ),
    { numRuns: 150 },
  );
});
