import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mediaTypes } from "../../shared/domain/media-type.ts";
import { openBuiltRegistry } from "./harness/built-registry.ts";
import { bytes, imageManifest, sha256 } from "./harness/content.ts";
import { openMemoryRegistry } from "./harness/memory-registry.ts";
import type { Answer, Registry } from "./harness/registry.ts";
import { blobIsThere, manifestIsThere, pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const content = bytes(100_000, 40);
const digest = sha256(content);
const images = Array.from({ length: 8 }, (_, n) => imageManifest([], { annotations: { n: String(n) } }));

describe.each([
  ["the built registry", openBuiltRegistry],
  ["serve on the memory ports", openMemoryRegistry],
] as const)("at once, to %s", (_, open) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await open();
  });
  afterAll(async () => {
    await registry.close();
  });

  async function call(
    method: string,
    target: string,
    body?: Uint8Array | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const pieces = body === undefined ? undefined : [Buffer.from(body)];
    return await registry.send({ method, target, headers, body: pieces, streamed: false });
  }

  async function startUpload(repository: string): Promise<string> {
    return (await call("POST", `/v2/${repository}/blobs/uploads/`)).headers["location"] ?? "";
  }

  async function putImage(repository: string, reference: string, image: string): Promise<Answer> {
    const headers = { "content-type": mediaTypes.ociManifest };
    return await call("PUT", `/v2/${repository}/manifests/${reference}`, image, headers);
  }

  function statuses(answers: readonly Answer[]): number[] {
    return answers.map(({ status }) => status).sort();
  }

  test("the same blob may be pushed many times, in every way, and each push succeeds", async () => {
    const uploads = await Promise.all(Array.from({ length: 4 }, () => startUpload("same")));
    await Promise.all(uploads.slice(0, 2).map((upload) => call("PATCH", upload, content)));
    const answers = await Promise.all([
      ...uploads.slice(0, 2).map((upload) => call("PUT", `${upload}?digest=${digest}`, "")),
      ...uploads.slice(2).map((upload) => call("PUT", `${upload}?digest=${digest}`, content)),
      ...["same", "same/too", "same"].map((name) =>
        call("POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, content),
      ),
    ]);
    expect(new Set(statuses(answers))).toEqual(new Set([201]));
    await runRows(registry, [...blobIsThere(content, "same"), ...blobIsThere(content, "same/too")]);
  });

  test("of two chunks that claim the same range one is taken", async () => {
    const upload = await startUpload("chunks");
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        call("PATCH", upload, Buffer.alloc(5000, n), { "content-range": "0-4999" }).then((answer) => ({
          n,
          answer,
        })),
      ),
    );
    const taken = answers.filter(({ answer }) => answer.status === 202);
    expect(taken).toHaveLength(1);
    for (const { answer } of answers) {
      expect([202, 416]).toContain(answer.status);
      expect(answer.headers["range"]).toBe("0-4999");
      expect(answer.headers["location"]).toMatch(/^\/v2\/chunks\/blobs\/uploads\//);
    }
    const whole = Buffer.alloc(5000, taken[0]?.n);
    expect((await call("PUT", `${upload}?digest=${sha256(whole)}`, "")).status).toBe(201);
    await runRows(registry, blobIsThere(whole, "chunks"));
  });

  test("streams into one upload are each taken whole or not at all", async () => {
    const upload = await startUpload("streams");
    const answers = await Promise.all([1, 2, 3].map((n) => call("PATCH", upload, Buffer.alloc(3000 * n, n))));
    const { headers } = await call("GET", upload);
    // In the order in which they were taken, which the offsets tell.
    const taken = answers
      .map((answer, index) => ({ n: index + 1, answer }))
      .filter(({ answer }) => answer.status === 202)
      .sort((a, b) => endOf(a.answer) - endOf(b.answer))
      .map(({ n }) => Buffer.alloc(3000 * n, n));
    expect(taken.length).toBeGreaterThan(0);
    const whole = Buffer.concat(taken);
    expect(headers["range"]).toBe(`0-${whole.byteLength - 1}`);
    expect((await call("PUT", `${upload}?digest=${sha256(whole)}`, "")).status).toBe(201);
    await runRows(registry, blobIsThere(whole, "streams"));
  });

  test("two closing PUTs of one upload both succeed", async () => {
    const upload = await startUpload("closing");
    await call("PATCH", upload, content.subarray(0, 50_000));
    const answers = await Promise.all(
      [1, 2].map(() => call("PUT", `${upload}?digest=${digest}`, content.subarray(50_000))),
    );
    expect(statuses(answers)).toEqual([201, 201]);
    await runRows(registry, blobIsThere(content, "closing"));
  });

  test("an upload that is closed and cancelled is one of the two", async () => {
    const upload = await startUpload("cancel");
    await call("PATCH", upload, content);
    const [closed, cancelled] = await Promise.all([
      call("PUT", `${upload}?digest=${digest}`, ""),
      call("DELETE", upload),
    ]);
    expect([closed?.status, cancelled?.status]).toEqual(closed?.status === 201 ? [201, 404] : [404, 204]);
    const { status } = await call("HEAD", `/v2/cancel/blobs/${digest}`);
    expect(status).toBe(closed?.status === 201 ? 200 : 404);
  });

  test("a tag that many push to leads to one of their manifests, and each is there by its digest", async () => {
    await runRows(registry, [pushConfig("race")]);
    const answers = await Promise.all(images.map((image) => putImage("race", "latest", image)));
    expect(new Set(statuses(answers))).toEqual(new Set([201]));
    await runRows(registry, [
      ...images.flatMap((image) =>
        manifestIsThere(sha256(image), image).map((row) => inRepository(row, "race")),
      ),
      { call: "GET /v2/race/tags/list", status: 200, json: { name: "race", tags: ["latest"] } },
    ]);
    const { headers } = await call("HEAD", "/v2/race/manifests/latest");
    expect(images.map((image) => sha256(image))).toContain(headers["docker-content-digest"]);
  });

  test("many tags of one manifest are all set", async () => {
    await runRows(registry, [pushConfig("tags")]);
    const tags = Array.from({ length: 12 }, (__, n) => `t${String(n).padStart(2, "0")}`);
    const answers = await Promise.all(tags.map((tag) => putImage("tags", tag, images[0] ?? "")));
    expect(new Set(statuses(answers))).toEqual(new Set([201]));
    await runRows(registry, [{ call: "GET /v2/tags/tags/list", status: 200, json: { name: "tags", tags } }]);
  });

  test("a manifest that is deleted and tagged is gone with the tag, or there with it", async () => {
    await runRows(registry, [pushConfig("undecided")]);
    const image = images[0] ?? "";
    for (let round = 0; round < 5; round++) {
      await runRows(registry, [{ ...pushManifest("v1", image, undefined, "undecided") }]);
      const [put, removed] = await Promise.all([
        putImage("undecided", "v2", image),
        call("DELETE", `/v2/undecided/manifests/${sha256(image)}`),
      ]);
      expect([put?.status, removed?.status]).toEqual([201, 202]);
      const byDigest = await call("GET", `/v2/undecided/manifests/${sha256(image)}`);
      const byTag = await call("GET", "/v2/undecided/manifests/v2");
      expect(byTag.status).toBe(byDigest.status);
    }
  });

  test("a blob that two delete is deleted once", async () => {
    await runRows(registry, [pushBlob(content, "twice")]);
    const answers = await Promise.all([1, 2, 3].map(() => call("DELETE", `/v2/twice/blobs/${digest}`)));
    expect(statuses(answers)).toEqual([202, 404, 404]);
  });

  test("a blob is mounted by many while it is pushed again", async () => {
    await runRows(registry, [pushBlob(content, "source")]);
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, (__, n) =>
        call("POST", `/v2/mounts/m${n % 3}/blobs/uploads/?mount=${digest}&from=source`, ""),
      ),
      call("POST", `/v2/source/blobs/uploads/?digest=${digest}`, content),
    ]);
    expect(new Set(statuses(answers))).toEqual(new Set([201]));
    await runRows(
      registry,
      [0, 1, 2].flatMap((n) => blobIsThere(content, `mounts/m${n}`)),
    );
  });
});

function endOf(answer: Answer): number {
  return Number(/^0-([0-9]+)$/.exec(answer.headers["range"] ?? "")?.[1]);
}

function inRepository<T extends { readonly call: string }>(row: T, repository: string): T {
  return { ...row, call: row.call.replace("{repo}", repository) };
}
