import type { Comparison, Sample } from "./comparison.ts";
import type { LayerFactory } from "./layer.ts";
import type { AzureContainer, Registry } from "./registry.ts";

/** What a part of the measurements gets. */
export interface Bench {
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  readonly layers: LayerFactory;
  /** Rounds that count. */
  readonly rounds: number;
  /** Registries with fresh data; they are stopped after the part, whatever happens in it. */
  startPortolan(environment?: Readonly<Record<string, string>>, label?: string): Promise<Registry>;
  startPeer(): Promise<Registry>;
  startDistribution(storage: AzureContainer, redirect: boolean, label: string): Promise<Registry>;
  /** Prints a line of its own. */
  print(line: string): void;
  /** Keeps a figure that is no comparison among the results. */
  detail(figure: object): void;
}

/** One part, chosen by its name on the command line. */
export type Part = (bench: Bench) => Promise<Comparison[]>;

/**
 * Measures in turn, A B A B, so that whatever else the machine does falls on all alike. A first round warms up and does not
 * count.
 */
export async function inTurn<T extends { readonly label: string }>(
  subjects: readonly T[],
  rounds: number,
  measure: (subject: T) => Promise<number>,
): Promise<Sample[]> {
  const samples = subjects.map((subject) => ({ label: subject.label, rounds: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      const value = await measure(subject);
      if (round > 0) samples[index]?.rounds.push(value);
    }
  }
  return samples;
}
