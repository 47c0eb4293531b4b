import { describe, expect, it } from "vitest";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import { serve } from "../../../shared/http/serve.ts";
import type { DocumentStore } from "../../../shared/ports/document-store.ts";
import { imageManifest, sha256 } from "../../protocol/harness/content.ts";
import { incoming, openMemoryRegistry, readReply } from "../../protocol/harness/memory-registry.ts";
import { pushConfig, pushManifest } from "../../protocol/harness/rows.ts";
import { runRows } from "../../protocol/harness/table.ts";

const image = imageManifest();
const digest = sha256(image);

/** A registry with one image, and a store of which it is known what pulls ask of it. */
async function open(bend: (documents: DocumentStore) => Partial<DocumentStore> = () => ({})) {
  const registry = await openMemoryRegistry();
  const rows = [pushConfig("team/app"), pushManifest("v1", image, undefined, "team/app")];
  await runRows(
    registry,
    rows.map((row) => ({ ...row, answers: {} })),
  );
  const { service } = registry;
  const { documents } = service.ports;
  const noted: string[] = [];
  const failures: unknown[] = [];
  const store: DocumentStore = {
    ...documents,
    commit: async (partition, operations) => {
      for (const operation of operations)
        noted.push(operation.op === "delete" ? operation.id : operation.document.id);
      return await documents.commit(partition, operations);
    },
    ...bend(documents),
  };
  const pulls = new PullRecorder({ ...service.ports, documents: store }, (error) => failures.push(error));
  const send = async (target: string, method = "GET", headers: Record<string, string> = {}) => {
    const call = { method, target: `/v2/team/app/${target}`, headers, body: undefined, streamed: false };
    return await readReply(await serve({ ...service, pulls }, incoming(call)));
  };
  return { send, noted, failures, settled: async () => await pulls.settled() };
}

describe("a pull", () => {
  it("is noted once a day for its digest, by whichever name it was asked for", async () => {
    const { send, noted, settled } = await open();
    for (const target of ["manifests/v1", `manifests/${digest}`, "manifests/v1"]) {
      expect((await send(target)).status).toBe(200);
      await settled();
    }
    expect(noted).toEqual([`p:${digest}`]);
  });

  it("is one as well when the client has the manifest still", async () => {
    const { send, noted, settled } = await open();
    expect((await send("manifests/v1", "GET", { "if-none-match": `"${digest}"` })).status).toBe(304);
    await settled();
    expect(noted).toEqual([`p:${digest}`]);
  });

  it("is none when it is a question, or finds nothing", async () => {
    const { send, noted, settled } = await open();
    expect((await send("manifests/v1", "HEAD")).status).toBe(200);
    expect((await send("manifests/absent")).status).toBe(404);
    expect((await send("tags/list")).status).toBe(200);
    await settled();
    expect(noted).toEqual([]);
  });

  it("is answered while it is noted, and when it cannot be", async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { send, failures, settled } = await open(() => ({
      read: async () => {
        await held;
        throw new Error("the store is away");
      },
    }));
    expect((await send("manifests/v1")).body.toString()).toBe(image);
    expect(failures).toEqual([]);
    go();
    await settled();
    expect(failures).toHaveLength(1);
    expect((await send("manifests/v1")).status).toBe(200);
    await settled();
    expect(failures).toHaveLength(2);
  });
});
