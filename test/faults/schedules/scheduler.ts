import type { Bend, Call, CommitFate, Fate, ReadFate } from "../../../shared/memory/bend.ts";
import type { Random } from "../../../shared/memory/random.ts";

/** How often what goes wrong, in draws of a thousand. What is absent never does. */
export interface Weather {
  readonly name: string;
  /** A reply is lost after the effect. */
  readonly lost: number;
  /** A call fails before its effect, or a commit's outcome is unknown and nothing is applied. */
  readonly refused: number;
  /** A commit is cut: a prefix is applied and its outcome is unknown. */
  readonly prefix: number;
  /** A request ends at a call and never goes on; a cut commit ends it half the time. */
  readonly crash: number;
  /** A call that changes something is given up and carried out at some later time, if it still can be. */
  readonly late?: number;
  /** A call that changes something is carried out, and at some later time once more, if it still can be. */
  readonly twice?: number;
  /** A call is refused because the store is too busy. */
  readonly throttled?: number;
  /** A call that only looks finds the store away. */
  readonly blind?: number;
}

/** Whether nothing goes wrong but that others are faster. */
export function isCalm(weather: Weather): boolean {
  return Object.values(weather).every((value) => typeof value === "string" || value === 0);
}

/** What a client gets. `lost`: no answer, and the request may have done anything up to where it ended. */
export type Reply<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "lost" };

interface ParkedCall {
  readonly request: Request;
  /** Whether others can see what it does. */
  readonly writes: boolean;
  readonly resume: () => void;
}

interface Request {
  readonly name: string;
  /** Ends the request from outside; undefined once it has ended. */
  crash: (() => void) | undefined;
  parkedCalls: number;
  doomed: boolean;
}

interface Landing {
  readonly told: string;
  readonly effect: () => void;
}

const staleCommitsMax = 5;
/** How often, in a thousand steps, one of the things that are late happens. */
const landingsPerThousand = 120;

/**
 * Runs requests side by side and decides at every call of a port which one goes on, what becomes of the call, and who
 * crashes: all by draws from one seed, so that a schedule can be run again.
 */
export class Scheduler {
  /** What happened, step by step; kept only when it is asked for. */
  readonly trace: string[] | undefined;
  /** Counts the calls of the schedule. */
  step = 0;
  #moments = 0;
  readonly #random: Random;
  readonly #weather: Weather;
  /** How often, in a thousand, the request that went last goes on: some schedules are fine-grained, in some all wait for one. */
  readonly #stickiness: number;
  /** How often writes wait for the others' reads, so that many have read the same when the first of them writes. */
  readonly #hesitation: number;
  #last: Request | undefined;
  #calm = false;
  readonly #parked: ParkedCall[] = [];
  readonly #running = new Set<Request>();
  readonly #late: Landing[] = [];

  constructor(random: Random, weather: Weather, traced: boolean) {
    this.trace = traced ? [] : undefined;
    this.#random = random;
    this.#weather = weather;
    this.#stickiness = [0, 500, 900][random(3)] ?? 0;
    this.#hesitation = [0, 800][random(2)] ?? 0;
  }

  /**
   * From now on nothing goes wrong and nobody is held up: requests run one after the other, as they are made. What is late comes
   * now or never.
   */
  calm(): void {
    while (this.#late.length > 0) this.#land(this.#happens(500));
    this.#calm = true;
  }

  /** A time later than any before. */
  moment(): number {
    this.#moments += 1;
    return this.#moments;
  }

  /** Starts a request when the schedule gets to it. @param run gets how its calls are bent */
  async request<T>(name: string, run: (bend: Bend) => Promise<T>): Promise<Reply<T>> {
    if (this.#calm) return await replyOf(run({}));
    const { promise, resolve } = Promise.withResolvers<Reply<T>>();
    const request: Request = { name, crash: undefined, parkedCalls: 0, doomed: false };
    const end = (reply: Reply<T>) => {
      if (request.crash === undefined) return;
      request.crash = undefined;
      this.#running.delete(request);
      this.trace?.push(`${this.step} ${name} ends: ${told(reply)}`);
      resolve(reply);
    };
    request.crash = () => end({ kind: "lost" });
    this.#running.add(request);
    void this.#park(request, false)
      .then(async () => await run(this.#bendOf(request)))
      .then(
        (value) => end({ kind: "value", value }),
        (error: unknown) => end({ kind: "error", error }),
      );
    return await promise;
  }

  /** Lets others go on, as a request does that waits. */
  async wait(bend: Bend): Promise<void> {
    await bend.around?.({ port: "work", name: "pause", subject: "" }, "before");
  }

  /** Goes on until `clients` are done. @param between is called before every step */
  async run(clients: Promise<unknown>, between: () => void): Promise<void> {
    let done = false;
    const settled = clients.finally(() => {
      done = true;
    });
    for (;;) {
      await this.#untilAllWait();
      if (done) break;
      const call = this.#takeOne();
      if (call === undefined) throw new Error("a client waits for nothing that the schedule knows of");
      this.step += 1;
      between();
      if (this.#late.length > 0 && this.#happens(landingsPerThousand)) this.#land(true);
      if (call.request.doomed || this.#happens(this.#weather.crash)) this.#crash(call.request);
      else call.resume();
    }
    await settled;
  }

  /** Every request waits at a call, has ended, or (hash-wasm is asynchronous) is about to do one or the other. */
  async #untilAllWait(): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    } while ([...this.#running].some((request) => request.parkedCalls === 0));
  }

  #takeOne(): ParkedCall | undefined {
    const same = this.#parked.filter((call) => call.request === this.#last);
    const reads = this.#parked.filter((call) => !call.writes);
    const stays = same.length > 0 && this.#happens(this.#stickiness);
    const waits = reads.length > 0 && this.#happens(this.#hesitation);
    const among = stays ? same : waits ? reads : this.#parked;
    const call = among[this.#random(among.length)];
    if (call === undefined) return undefined;
    this.#parked.splice(this.#parked.indexOf(call), 1);
    call.request.parkedCalls -= 1;
    this.#last = call.request;
    return call;
  }

  /** Takes one of the things that are late, and lets it happen or not. */
  #land(happens: boolean): void {
    const [landing] = this.#late.splice(this.#random(this.#late.length), 1);
    if (landing === undefined || !happens) return;
    this.trace?.push(`${this.step} late: ${landing.told}`);
    landing.effect();
  }

  #crash(request: Request): void {
    const others = this.#parked.filter((call) => call.request !== request);
    this.#parked.splice(0, this.#parked.length, ...others);
    request.crash?.();
  }

  async #park(request: Request, writes: boolean): Promise<void> {
    await new Promise<void>((resume) => {
      request.parkedCalls += 1;
      this.#parked.push({ request, writes, resume });
    });
  }

  #bendOf(request: Request): Bend {
    const log = (call: Call, fate: unknown) => {
      const told = fate === "done" ? "" : ` ${JSON.stringify(fate)}`;
      this.trace?.push(`${this.step} ${request.name}: ${call.port}.${call.name} ${call.subject}${told}`);
    };
    return {
      // The reply to one call and the next call are one step: between them a request only computes.
      around: async (call, moment) => {
        if (moment === "before") await this.#park(request, call.name === "commit" || call.name === "write");
        else if (call.name === "read" || call.name === "list") log(call, "done");
      },
      staleCommits: () => this.#random(staleCommitsMax + 1),
      readFate: () => this.#readFate(),
      later: (call, effect) => {
        this.#late.push({ told: `${request.name}: ${call.port}.${call.name} ${call.subject}`, effect });
      },
      fate: (call) => {
        const fate = this.#fate();
        log(call, fate);
        return fate;
      },
      commitFate: (call, operations) => {
        const fate = this.#commitFate(request, operations);
        log(call, fate);
        return fate;
      },
    };
  }

  #readFate(): ReadFate {
    if (this.#happens(this.#weather.blind)) return "refused";
    return this.#happens(this.#weather.throttled) ? "throttled" : "done";
  }

  #fate(): Fate {
    const { lost, refused, late, twice } = this.#weather;
    if (this.#happens(lost)) return "lost";
    if (this.#happens(refused)) return "refused";
    if (this.#happens(late)) return "late";
    if (this.#happens(twice)) return "twice";
    return this.#happens(this.#weather.throttled) ? "throttled" : "done";
  }

  #commitFate(request: Request, operations: number): CommitFate {
    if (!this.#happens(this.#weather.prefix)) return this.#fate();
    request.doomed = this.#happens(500);
    return { prefix: this.#random(operations) };
  }

  #happens(inThousand = 0): boolean {
    return inThousand > 0 && this.#random(1_000) < inThousand;
  }
}

async function replyOf<T>(value: Promise<T>): Promise<Reply<T>> {
  try {
    return { kind: "value", value: await value };
  } catch (error) {
    return { kind: "error", error };
  }
}

function told(reply: Reply<unknown>): string {
  if (reply.kind === "lost") return "without an answer";
  return JSON.stringify(reply.kind === "value" ? (reply.value ?? null) : reply.error);
}
