import fc from "fast-check";
import { expect, test } from "vitest";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import { indexManifest, sha256 } from "../harness/content.ts";
import { openMemoryRegistry } from "../harness/memory-registry.ts";
import type { Answer, Registry } from "../harness/registry.ts";

/** Images that tags are put on, one for each number. */
function image(number: number): string {
  return indexManifest([], { annotations: { number: String(number) } });
}

async function send(registry: Registry, method: string, target: string, body?: string): Promise<Answer> {
  const headers = { host: "localhost", "content-type": mediaTypes.ociIndex };
  const pieces = body === undefined ? undefined : [Buffer.from(body)];
  return await registry.send({ method, target, headers, body: pieces, streamed: false });
}

async function push(registry: Registry, tag: string, number: number): Promise<void> {
  expect((await send(registry, "PUT", `/v2/app/manifests/${tag}`, image(number))).status).toBe(201);
}

interface Write {
  readonly action: "push" | "delete tag" | "delete image";
  readonly tag: string;
  readonly number: number;
}

async function write(registry: Registry, { action, tag, number }: Write): Promise<void> {
  if (action === "push") await push(registry, tag, number);
  if (action === "delete tag") await send(registry, "DELETE", `/acr/v1/app/_tags/${tag}`);
  if (action === "delete image") await send(registry, "DELETE", `/v2/app/manifests/${sha256(image(number))}`);
}

type Listed = Readonly<Record<string, readonly { readonly name?: string; readonly digest: string }[]>>;

/** What a client sees that follows the links, while `between` is written after each page. */
async function walk(
  registry: Registry,
  list: "tags" | "manifests",
  query: string,
  between: readonly (readonly Write[])[],
): Promise<string[]> {
  const seen: string[] = [];
  let next: string | undefined = `/acr/v1/app/_${list}?${query}`;
  for (let page = 0; next !== undefined; page++) {
    const answer = await send(registry, "GET", next);
    expect(answer.status).toBe(200);
    const items = (JSON.parse(answer.body.toString()) as Listed)[list] ?? [];
    seen.push(...items.map(({ name, digest }) => name ?? digest));
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers["link"] ?? "")?.[1];
    for (const each of between[page] ?? []) await write(registry, each);
  }
  return seen;
}

const tags = fc.stringMatching(/^[a-d][0-9]$/);
const numbers = fc.nat({ max: 9 });
const writes = fc.record<Write>({
  action: fc.constantFrom("push", "delete tag", "delete image"),
  tag: tags,
  number: numbers,
});

test.each(["none", "timeasc", "timedesc"])(
  "who follows the links in the order %s sees whatever nobody touches once, whatever is written meanwhile",
  async (order) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(tags, numbers), { minLength: 1, maxLength: 20, selector: ([tag]) => tag }),
        fc.constantFrom("tags", "manifests"),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.array(writes, { maxLength: 4 }), { maxLength: 10 }),
        async (first, list, n, between) => {
          // Several things can happen in one ms.
          const registry = await openMemoryRegistry({ now: Date.now });
          for (const [tag, number] of first) await push(registry, tag, number);
          const seen = await walk(registry, list, `n=${n}&orderby=${order}`, between);
          const all = between.flat();
          const deleted = new Set(
            all.flatMap(({ action, number }) => (action === "delete image" ? [sha256(image(number))] : [])),
          );
          const touched = new Set(all.map(({ tag }) => tag));
          const staying =
            list === "tags"
              ? first.filter(([tag, number]) => !touched.has(tag) && !deleted.has(sha256(image(number))))
              : first.filter(([, number]) => !deleted.has(sha256(image(number))));
          for (const [tag, number] of staying) {
            const item = list === "tags" ? tag : sha256(image(number));
            expect(seen.filter((one) => one === item)).toEqual([item]);
          }
          if (order === "none") expect(seen).toEqual([...new Set(seen)].sort());
          await registry.close();
        },
      ),
      { numRuns: 60 },
    );
  },
);
