import { describe, expect, test } from "vitest";
import { mediaTypes } from "../../shared/domain/media-type.ts";
import { openBuiltRegistry } from "./harness/built-registry.ts";
import { absentDigest, bytes, descriptorOf, imageManifest, sha256 } from "./harness/content.ts";
import { openMemoryRegistry } from "./harness/memory-registry.ts";
import { pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const content = bytes(5000, 80);
const image = imageManifest();
const large = imageManifest([], { annotations: { large: "x".repeat(50_000) } });
const about = imageManifest([], { subject: descriptorOf(image, mediaTypes.ociManifest) });

const targets = [
  "/v2/",
  "/healthz",
  "/v2/_catalog",
  "/v2/_catalog?n=1",
  "/v2/head/tags/list",
  "/v2/head/tags/list?n=1",
  "/v2/absent/tags/list",
  "/v2/head/tags/list?n=-1",
  `/v2/head/blobs/${sha256(content)}`,
  `/v2/head/blobs/${absentDigest}`,
  "/v2/head/blobs/sha256:bad",
  "/v2/head/manifests/v1",
  "/v2/head/manifests/large",
  `/v2/head/manifests/${sha256(large)}`,
  "/v2/head/manifests/absent",
  "/v2/head/manifests/.bad",
  `/v2/head/referrers/${sha256(image)}`,
  `/v2/head/referrers/${sha256(image)}?artifactType=a/b`,
  "/v2/head/referrers/bad",
  "/v2/HEAD/tags/list",
  "/nowhere",
];

/** What differs from reply to reply, or belongs to the connection. */
const unstable = new Set(["date", "connection", "keep-alive"]);

describe.each([
  ["the built registry", openBuiltRegistry],
  ["serve on the memory ports", openMemoryRegistry],
] as const)("%s", (_, open) => {
  test("answers HEAD with the status and every header that GET has, and without a body", async () => {
    const registry = await open();
    await runRows(
      registry,
      [
        pushConfig("head"),
        pushConfig("other"),
        pushBlob(content, "head"),
        pushManifest("v1", image, undefined, "head"),
        pushManifest("v1", image, undefined, "other"),
        pushManifest("large", large, undefined, "head"),
        pushManifest("about", about, undefined, "head"),
      ].map((row) => ({ ...row, answers: {} })),
    );
    for (const target of targets) {
      const call = { target, headers: {}, body: undefined, streamed: false };
      const get = await registry.send({ ...call, method: "GET" });
      const head = await registry.send({ ...call, method: "HEAD" });
      expect([head.status, stable(head.headers)], target).toEqual([get.status, stable(get.headers)]);
      expect(head.headers["content-length"], target).toBe(String(get.body.byteLength));
      expect(head.body.byteLength, target).toBe(0);
    }
    await registry.close();
  });
});

function stable(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !unstable.has(name)));
}
