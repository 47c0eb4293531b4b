import type { Random } from "../../../shared/memory/random.ts";
import type { Fault as DocumentFault } from "../../support/cosmos-proxy.ts";
import type { Fault as StorageFault } from "../../support/storage-proxy.ts";
import type { AzureRegistry } from "./azure-registry.ts";

/** Everything that can go wrong. */
export const wireFaults: readonly string[] = [
  ...["busy", "contended", "away", "timed out", "cut before", "cut after", "cut within", "held", "late"].map(
    (name) => `documents ${name}`,
  ),
  ...["busy", "failing", "timed out", "reset", "lost", "held", "late", "cut"].map(
    (name) => `storage ${name}`,
  ),
];

const lateMillisMax = 700;
const holdMillisMax = 40;

function after(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** What goes wrong between the registry and Azure's services, drawn for each request. */
export class WireWeather {
  readonly #registry: AzureRegistry;
  readonly #random: Random;
  readonly #perThousand: number;
  readonly #happened: Set<string>;

  /** @param happened gets the names of what went wrong */
  constructor(registry: AzureRegistry, random: Random, happened: Set<string>) {
    this.#registry = registry;
    this.#random = random;
    this.#happened = happened;
    this.#perThousand = 20 + random(130);
  }

  begin(): void {
    const { documents, primary } = this.#registry;
    documents.fault = ({ path }) => (/\/docs(\/|$)/.test(path) ? this.#draw(this.#ofDocuments()) : undefined);
    primary.fault = ({ operation, path }) =>
      path.includes("/portolan-canary/") ? undefined : this.#draw(this.#ofStorage(operation));
  }

  /** From now on nothing goes wrong, and what was late has come. */
  async clear(): Promise<void> {
    const { documents, primary } = this.#registry;
    documents.fault = () => undefined;
    primary.fault = () => undefined;
    await after(lateMillisMax + 300);
  }

  #draw<F>(faults: readonly (readonly [name: string, make: () => F])[]): F | undefined {
    if (this.#random(1_000) >= this.#perThousand) return undefined;
    const [name, make] = faults[this.#random(faults.length)] ?? [];
    if (name === undefined || make === undefined) return undefined;
    this.#happened.add(name);
    return make();
  }

  #ofDocuments(): readonly (readonly [string, () => DocumentFault])[] {
    const busy = { "x-ms-retry-after-ms": String(1 + this.#random(30)) };
    return [
      ["documents busy", () => ({ status: 429, headers: busy })],
      ["documents contended", () => ({ status: 449 })],
      ["documents away", () => ({ status: 503 })],
      ["documents timed out", () => ({ status: 408 })],
      ["documents cut before", () => "cut before"],
      ["documents cut after", () => "cut after"],
      ["documents cut within", () => "cut within"],
      ["documents held", () => ({ hold: after(this.#random(holdMillisMax)) })],
      ["documents late", () => ({ late: after(this.#random(lateMillisMax)) })],
    ];
  }

  #ofStorage(operation: string): readonly (readonly [string, () => StorageFault])[] {
    const cut = () => ({ kind: "cut", bytes: 1 + this.#random(500) }) as const;
    return [
      ["storage busy", () => ({ kind: "refuse", status: 503, code: "ServerBusy" })],
      ["storage failing", () => ({ kind: "refuse", status: 500, code: "InternalError" })],
      ["storage timed out", () => ({ kind: "refuse", status: 500, code: "OperationTimedOut" })],
      ["storage reset", () => ({ kind: "reset" })],
      ["storage lost", () => ({ kind: "lose" })],
      ["storage held", () => ({ kind: "hold", until: after(this.#random(holdMillisMax)) })],
      ["storage late", () => ({ kind: "late", until: after(this.#random(lateMillisMax)) })],
      ...(operation === "GET" ? [["storage cut", cut] as const] : []),
    ];
  }
}
