import { beforeAll, expect, test } from "vitest";
import { emptyConfig, imageManifest, sha256 } from "../harness/content.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

const mine = ["red/a", "red/b", "sole", "teal/a", "teal/b/c"];
const others = ["blue/a", "red", "soles", "teal-b", "white/a"];

let registry: GuardedRegistry;
let login: string;
beforeAll(async () => {
  registry = await openGuardedRegistry();
  const all = basic("pusher", await registry.addToken("pusher", "_repositories_push"));
  for (const name of [...mine, ...others]) await push(name, all);
  const actions = ["red/*", "sole", "teal/*"].map((pattern) => `repositories/${pattern}/content/read`);
  login = basic("reader", await registry.addToken("reader", actions));
});

async function push(name: string, authorization: string): Promise<void> {
  const config = Buffer.from(emptyConfig);
  const upload = `/v2/${name}/blobs/uploads/?digest=${sha256(config)}`;
  await registry.send({ method: "POST", target: upload, headers: { authorization }, body: [config] });
  const { status } = await registry.send({
    method: "PUT",
    target: `/v2/${name}/manifests/v1`,
    headers: { authorization, "content-type": "application/vnd.oci.image.manifest.v1+json" },
    body: [Buffer.from(imageManifest([]))],
  });
  expect(status).toBe(201);
}

/** All that pages of so many have, each asked for by the link of the one before. */
async function pages(n: number): Promise<string[][]> {
  const found: string[][] = [];
  for (let target: string | undefined = `/v2/_catalog?n=${n}`; target !== undefined; ) {
    const answer = await registry.send({ method: "GET", target, headers: { authorization: login } });
    expect(answer.status).toBe(200);
    found.push((JSON.parse(answer.body.toString()) as { repositories: string[] }).repositories);
    target = /^<([^>]+)>/.exec(String(answer.headers["link"] ?? ""))?.[1];
  }
  return found;
}

test.each([1, 2, 3, 4, 5, 1000])("pages of %d hold what the caller may see, and no other", async (n) => {
  const found = await pages(n);
  expect(found.flat()).toEqual(mine);
  expect(found.map((page) => page.length)).toEqual(
    Array.from({ length: Math.ceil(mine.length / n) }, (_, index) => Math.min(n, mine.length - index * n)),
  );
});
