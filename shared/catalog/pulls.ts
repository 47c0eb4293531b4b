import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";
import type { LastPullDocument } from "./collection-documents.ts";
import { readAs } from "./commit.ts";
import { schema } from "./documents.ts";
import { ids } from "./keys.ts";
import type { Repository } from "./repositories.ts";

const dayMillis = 24 * 60 * 60 * 1000;

/**
 * Keeps the day on which each manifest was last pulled. The first pull of a day that a process sees costs one read, and one commit of
 * one document if no other process has written the day; the others cost nothing.
 *
 * Nobody waits for it. When it fails, the next pull tries again; a pull that is lost only makes a manifest look older to rules that
 * go by the last pull.
 */
export class PullRecorder {
  readonly #ports: Pick<Ports, "documents" | "clock" | "ids">;
  readonly #failed: (error: unknown) => void;
  /** The day of each manifest that this process has noted, the oldest first. */
  readonly #noted = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();

  /** @param failed is told why a pull could not be noted */
  constructor(ports: Pick<Ports, "documents" | "clock" | "ids">, failed: (error: unknown) => void) {
    this.#ports = ports;
    this.#failed = failed;
  }

  /** Notes that the manifest is pulled now. Returns at once, and never throws. */
  note({ partition }: Pick<Repository, "partition">, digest: Digest): void {
    const key = `${partition} ${digest}`;
    const today = Math.floor(this.#ports.clock.now() / dayMillis);
    if (this.#noted.get(key) === today) return;
    // Whoever pulls this much at once pulls again.
    if (this.#underWay.size >= limits.pullsInFlightMax) return;
    this.#noted.delete(key);
    this.#noted.set(key, today);
    const oldest = this.#noted.keys().next().value;
    if (this.#noted.size > limits.pullsRememberedMax && oldest !== undefined) this.#noted.delete(oldest);
    const written = this.#write(partition, digest, today)
      .catch((error: unknown) => {
        this.#noted.delete(key);
        this.#failed(error);
      })
      .finally(() => this.#underWay.delete(written));
    this.#underWay.add(written);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #write(partition: string, digest: Digest, today: number): Promise<void> {
    const { documents } = this.#ports;
    const id = ids.lastPull(digest);
    const day = new Date(today * dayMillis).toISOString().slice(0, 10);
    const stored = await readAs<LastPullDocument>(documents, partition, id, "last-pull");
    if (stored !== undefined && stored.document.day >= day) return;
    const writer = this.#ports.ids.nonce();
    const document: LastPullDocument = { id, kind: "last-pull", schema, writer, digest, day };
    const outcome = await documents.commit(partition, [
      stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
    ]);
    // On a conflict another process has just written the day, or the manifest is gone.
    if (outcome === "unknown") throw new Error(`whether the pull of ${digest} was noted is not known`);
  }
}
