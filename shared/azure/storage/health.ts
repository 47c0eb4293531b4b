import { unavailable } from "./errors.ts";

/** A geo-redundant account answers reads at two endpoints; the second shows an older state. */
export type Endpoint = "primary" | "secondary";

export interface HealthOptions {
  /** ms since 1970 */
  readonly now: () => number;
  /** Whether there is a second endpoint to read from. */
  readonly secondary: boolean;
  /** Reads a small blob there. Rejects when the endpoint does not answer as it should. */
  readonly probe: (endpoint: Endpoint) => Promise<void>;
  /** The time, in ms since 1970, before which every write is at the second endpoint; undefined while there is none. */
  readonly lastSync: () => Promise<number | undefined>;
  /** ms between two probes while all is well. */
  readonly periodMillis?: number;
}

/** With two probes of 2.5 s each to be sure, an endpoint that went silent is known to be down 15 s later at most. */
const defaultPeriodMillis = 10_000;
/** Probes in a row that have to agree before an endpoint counts as down, or as up again. */
const probesToAgree = 2;
/** ms between probes while they do not. */
const unsureMillis = 250;
/** Real calls that fail cause no more than one look in this time, however many they are. */
const observeMillis = 1_000;
/** Without a request for so long, probing rests: an idle registry costs nothing. */
const idleMillis = 10 * 60_000;
/** While all is well the last sync time is fetched this often, so that one is at hand when nothing else can be had. */
const lastSyncMillis = 5 * 60_000;
/** The clocks that stamped a commit and a sync may differ by this much. */
const clockSkewMillis = 60_000;

class EndpointState {
  down = false;
  /** Probes in a row that contradict `down`. */
  contradictions = 0;

  note(answered: boolean): void {
    if (answered !== this.down) {
      this.contradictions = 0;
      return;
    }
    this.contradictions += 1;
    if (this.contradictions < probesToAgree) return;
    this.down = !this.down;
    this.contradictions = 0;
  }
}

/**
 * Whether an account's endpoints answer. A redirect hides from us what the client meets behind it, so a small blob, the canary,
 * is read once a period while there are requests; a real call that fails makes it be read at once.
 */
export class StorageHealth {
  readonly #options: HealthOptions;
  readonly #primary = new EndpointState();
  readonly #secondary = new EndpointState();
  #lastSync: number | undefined;
  #lastSyncReadAt = Number.NEGATIVE_INFINITY;
  #usedAt = Number.NEGATIVE_INFINITY;
  #probedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;
  #closed = false;
  /** Calls under way that only the primary can answer. */
  readonly #waiting = new Set<AbortController>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /**
   * Where bytes that were committed by `committedAt` (ms since 1970) are to be read now.
   * @param committedAt undefined: not known, and then only the primary is sure to have them
   * @throws RegistryError UNAVAILABLE with Retry-After when they can be read nowhere
   */
  route(committedAt: number | undefined): Endpoint {
    this.#use();
    if (!this.#primary.down) return "primary";
    const synced =
      committedAt !== undefined &&
      this.#lastSync !== undefined &&
      committedAt + clockSkewMillis < this.#lastSync;
    if (!synced || this.#secondary.down) throw unavailable("UNAVAILABLE", this.#period / 1000);
    return "secondary";
  }

  /**
   * Does what only the primary can do. While that is down nobody waits for it, and who does when it goes down is let go.
   * @param work gets a signal that also aborts when the primary is found to be down
   * @throws RegistryError UNAVAILABLE with Retry-After
   */
  async atPrimary<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#use();
    if (this.#primary.down) throw unavailable("UNAVAILABLE", this.#period / 1000);
    const controller = new AbortController();
    this.#waiting.add(controller);
    try {
      return await work(AbortSignal.any([signal, controller.signal]));
    } finally {
      this.#waiting.delete(controller);
    }
  }

  /** Tells of a real call: whether the endpoint answered it, be it with a refusal. */
  observe(endpoint: Endpoint, answered: boolean): void {
    const state = endpoint === "primary" ? this.#primary : this.#secondary;
    if (answered && !state.down) state.contradictions = 0;
    const looked = this.#options.now() - this.#probedAt < observeMillis;
    if (!answered && endpoint === "primary" && !state.down && !looked) void this.confirm();
  }

  /** Probes now, until it is known where reads can go. Never throws. */
  confirm(): Promise<void> {
    this.#probing ??= this.#probeUntilSure().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #period(): number {
    return this.#options.periodMillis ?? defaultPeriodMillis;
  }

  #use(): void {
    this.#usedAt = this.#options.now();
    if (this.#timer !== undefined || this.#closed || !this.#options.secondary) return;
    this.#schedule(0);
  }

  #schedule(millis: number): void {
    this.#timer = setTimeout(() => void this.#tick(), millis).unref();
  }

  async #tick(): Promise<void> {
    await this.confirm();
    if (this.#closed) return;
    if (this.#options.now() - this.#usedAt > idleMillis) this.#timer = undefined;
    else this.#schedule(this.#period);
  }

  async #probeUntilSure(): Promise<void> {
    if (!this.#options.secondary) return;
    await this.#probeOnce();
    while (this.#unsure && !this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, unsureMillis).unref());
      await this.#probeOnce();
    }
  }

  /** The secondary only matters while the primary is down. */
  get #unsure(): boolean {
    return this.#primary.contradictions > 0 || (this.#primary.down && this.#secondary.contradictions > 0);
  }

  async #probeOnce(): Promise<void> {
    this.#probedAt = this.#options.now();
    const wellBefore = !this.#primary.down && this.#primary.contradictions === 0;
    const [primary, secondary] = await Promise.all([
      this.#answers("primary"),
      wellBefore ? undefined : this.#answers("secondary"),
      wellBefore ? undefined : this.#readLastSync(),
    ]);
    this.#primary.note(primary);
    if (this.#primary.down) for (const waiting of this.#waiting) waiting.abort();
    if (secondary !== undefined) this.#secondary.note(secondary);
    if (wellBefore && primary && this.#options.now() - this.#lastSyncReadAt >= lastSyncMillis) {
      void this.#readLastSync();
    }
  }

  async #answers(endpoint: Endpoint): Promise<boolean> {
    return await this.#options.probe(endpoint).then(
      () => true,
      () => false,
    );
  }

  async #readLastSync(): Promise<void> {
    this.#lastSyncReadAt = this.#options.now();
    // What was synced stays synced: when the time cannot be had, the one before is true still.
    this.#lastSync = (await this.#options.lastSync().catch(() => undefined)) ?? this.#lastSync;
  }
}
