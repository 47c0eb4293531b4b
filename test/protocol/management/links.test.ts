import { afterAll, beforeAll, expect, test } from "vitest";
import { type MemoryRegistry, openMemoryRegistry } from "../harness/memory-registry.ts";
import { pathOf, provider, subscription, version, whole } from "./registry-rows.ts";

let registry: MemoryRegistry;

beforeAll(async () => {
  registry = await openMemoryRegistry();
  expect((await send("PUT", `${pathOf("shop", "linked1")}?${version}`, {}, whole)).status).toBe(201);
});
afterAll(async () => {
  await registry.close();
});

async function send(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<{ status: number; nextLink: string | undefined; code: string | undefined }> {
  const pieces = body === undefined ? undefined : [Buffer.from(JSON.stringify(body))];
  const answer = await registry.send({ method, target, headers, body: pieces, streamed: false });
  const { nextLink, error } = JSON.parse(answer.body.toString()) as {
    nextLink?: string;
    error?: { code: string };
  };
  return { status: answer.status, nextLink, code: error?.code };
}

const first = `${subscription}/${provider}/registries?${version}&n=1`;

test.each([
  [first, {}, "http://localhost/"],
  [first, { "x-forwarded-proto": "https" }, "https://localhost/"],
  // By each proxy on the way, the first of which the client has met.
  [first, { "x-forwarded-proto": "https, http" }, "https://localhost/"],
  [first, { "x-forwarded-proto": "http,https" }, "http://localhost/"],
  [first, { host: "LOCALHOST:5000" }, "http://LOCALHOST:5000/"],
  [`https://registries.localhost${first}`, {}, "https://registries.localhost/"],
])("the next page of %s by %j is where the client came from", async (target, headers, start) => {
  const { status, nextLink } = await send("GET", target, headers);
  expect(status).toBe(200);
  expect(nextLink?.slice(0, start.length)).toBe(start);
});

test.each(["localhost:@evil.example", "localhost:80/evil", "localhost:x", "localhost?:1"])(
  "nothing is managed on the host %s, which is more than a host",
  async (host) => {
    expect(await send("GET", first, { host })).toMatchObject({ status: 404, code: "ResourceNotFound" });
  },
);
