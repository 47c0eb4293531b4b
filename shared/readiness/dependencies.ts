import { ids, partitions } from "../catalog/keys.ts";
import { RegistryError } from "../domain/errors.ts";
import { digestBytes } from "../domain/hash.ts";
import { type Place, placeName } from "../domain/place.ts";
import type { Explanations } from "../ports/explanations.ts";
import type { KeyStore } from "../ports/key-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { Dependency } from "./dependency.ts";

/** The stores that are tried. */
export interface TriedStores {
  readonly ports: Pick<Ports, "documents" | "blobs" | "work" | "clock" | "ids">;
  /** Aliases of the accounts that have bytes. */
  readonly accounts: readonly string[];
  /** The queues that are used; none where no work is queued. */
  readonly queues: readonly string[];
  /** Absent where nobody has to say who he is. */
  readonly keys?: KeyStore | undefined;
}

/** A container of the deployment's own, of which nothing is kept. */
const container = "portolan-canary";

/** What the registry needs of its stores, tried by the ports as it uses them. */
export function dependenciesOf(stores: TriedStores, explain: Explanations): readonly Dependency[] {
  const { ports, accounts, queues, keys } = stores;
  return [
    {
      name: "documents",
      try: async () => await tryDocuments(ports),
      explain: (error) => explain.documents(error),
    },
    ...accounts.map((account) => ({
      name: `blobs of ${account}`,
      try: async () => await tryBlobs(ports, account),
      explain: (error: unknown) => explain.blobs(error, account),
    })),
    ...queues.map((queue) => ({
      name: `queue ${queue}`,
      try: async () => void (await ports.work.length(queue)),
      explain: (error: unknown) => explain.work(error),
    })),
    ...(keys === undefined
      ? []
      : [
          {
            name: "keys",
            try: async () => void (await keys.read()),
            explain: (error: unknown) => explain.keys(error),
          },
        ]),
  ];
}

/** Reads, and asks for a commit that changes nothing since its document is not there: whoever may not write is told so first. */
async function tryDocuments({ documents, ids: made }: TriedStores["ports"]): Promise<void> {
  await documents.read(partitions.operations, ids.epoch, { fresh: true });
  const id = `absent-${made.ulid()}`;
  const outcome = await documents.commit(partitions.operations, [{ op: "delete", id, etag: "none" }]);
  if (outcome === "unknown")
    throw new RegistryError("UNAVAILABLE", { message: "the answer to a write was lost" });
}

/** Writes, reads, signs and deletes one byte. */
async function tryBlobs({ blobs, clock, ids: made }: TriedStores["ports"], account: string): Promise<void> {
  const place: Place = { account, container, name: placeName(clock.now(), made.ulid()) };
  const bytes = Buffer.from(".");
  const digest = digestBytes("sha256", bytes);
  await blobs.put(place, bytes, {
    registry: container,
    repository: container,
    digest,
    size: bytes.byteLength,
  });
  try {
    const read = await blobs.open(place, 0, 0, clock.now());
    for await (const _ of read ?? []);
    await blobs.sign(place, { seconds: 60, mediaType: "application/octet-stream" });
  } finally {
    await blobs.delete(place);
  }
}
