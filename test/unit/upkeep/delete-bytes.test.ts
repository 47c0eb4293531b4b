import { expect, test } from "vitest";
import { condemnBlobs, condemnPlace } from "../../../shared/catalog/condemned-places.ts";
import type { BlobDocument } from "../../../shared/catalog/documents.ts";
import { schema } from "../../../shared/catalog/documents.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { deleteCondemnedBytes } from "../../../shared/upkeep/collection/delete-bytes.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const dayMillis = 24 * 3600 * 1000;
const digest = `sha256:${"0".repeat(64)}` as Digest;
const place = { account: "local", container: "registry", name: "u/2026-01-01/a" };
const properties = { registry: "rid", repository: "app", digest, size: 5 };

test("bytes that the store would not delete for days go when it does again", async () => {
  const { ports, clock } = openMemoryPorts();
  await ports.blobs.put(place, Buffer.from("bytes"), properties);
  await condemnPlace(ports, place);
  const failing = {
    ...ports,
    blobs: {
      ...ports.blobs,
      delete: async () => {
        throw new Error("the store is away");
      },
    },
  };
  for (let days = 0; days < 4; days++) {
    clock.advance(dayMillis);
    expect(await deleteCondemnedBytes(failing, log, "local")).toMatchObject({ places: 0 });
  }
  expect(await deleteCondemnedBytes(ports, log, "local")).toMatchObject({ places: 1 });
  expect(await deleteCondemnedBytes(ports, log, "local")).toMatchObject({ places: 0 });
});

test("the bytes of a blob go even if whoever condemned it ended before the place was written, days ago", async () => {
  const { ports, clock } = openMemoryPorts();
  await ports.blobs.put(place, Buffer.from("bytes"), properties);
  const condemned: BlobDocument = {
    ...{ id: `b:${digest}`, kind: "blob", schema, writer: "w", digest, size: 5, place, state: "condemned" },
    ...{ leaseUntil: 0, committedAt: 0, deleteAfter: clock.now() },
  };
  clock.advance(5 * dayMillis);
  await deleteCondemnedBytes(ports, log, "local");
  await condemnBlobs(ports, "rid", [condemned]);
  expect(await deleteCondemnedBytes(ports, log, "local")).toMatchObject({ places: 1, bytes: 5 });
});
