import { type Summary, summarize } from "./statistics.ts";

/** The rounds of one side. */
export interface Sample {
  /** Who or what was measured. */
  readonly label: string;
  /** One value a round, in the comparison's unit. */
  readonly rounds: readonly number[];
}

/** What is asked of the median: as many times the reference's at least, or at most; or a value that it stays below, or above. */
export type Target =
  | { readonly kind: "times-at-least"; readonly times: number }
  | { readonly kind: "times-at-most"; readonly times: number }
  | { readonly kind: "below"; readonly value: number }
  | { readonly kind: "above"; readonly value: number };

/** Two sides, or one, measured in turn in one run. */
export interface Comparison {
  readonly what: string;
  readonly unit: "MiB/s" | "requests/s" | "blobs/s" | "blobs/min" | "ms" | "MB";
  readonly measured: Sample;
  readonly reference?: Sample;
  readonly target?: Target;
}

/** A comparison with what it comes to. */
export interface Judged extends Comparison {
  readonly summary: Summary;
  readonly referenceSummary: Summary | undefined;
  /** Median of the measured side by that of the reference. */
  readonly ratio: number | undefined;
  /** Undefined where nothing is asked. */
  readonly met: boolean | undefined;
}

export function judge(comparison: Comparison): Judged {
  const { measured, reference, target } = comparison;
  const summary = summarize(measured.rounds);
  const referenceSummary = reference === undefined ? undefined : summarize(reference.rounds);
  const ratio = referenceSummary === undefined ? undefined : summary.median / referenceSummary.median;
  const met = target === undefined ? undefined : isMet(target, summary.median, ratio);
  return { ...comparison, summary, referenceSummary, ratio, met };
}

function isMet(target: Target, median: number, ratio: number | undefined): boolean {
  if (target.kind === "below") return median < target.value;
  if (target.kind === "above") return median > target.value;
  if (ratio === undefined) throw new Error("a ratio is asked for, but there is no reference");
  return target.kind === "times-at-least" ? ratio >= target.times : ratio <= target.times;
}

/** One line a side, then the ratio. */
export function formatJudged(judged: Judged): string {
  const { what, unit, measured, reference, summary, referenceSummary, ratio } = judged;
  const lines = [what, formatSide(measured, summary, unit)];
  if (reference !== undefined && referenceSummary !== undefined) {
    lines.push(formatSide(reference, referenceSummary, unit));
  }
  const verdict = formatVerdict(judged);
  if (ratio !== undefined || verdict !== "") {
    lines.push(`  ${(ratio === undefined ? "" : `ratio ${ratio.toFixed(2)}`).padEnd(24)}${verdict}`);
  }
  return lines.join("\n");
}

function formatSide(sample: Sample, { median, min, max }: Summary, unit: string): string {
  const range = `${formatNumber(min)} to ${formatNumber(max)}, ${sample.rounds.length} rounds`;
  return `  ${sample.label.padEnd(24)}${formatNumber(median).padStart(10)} ${unit.padEnd(11)}(${range})`;
}

function formatVerdict({ target, met }: Judged): string {
  if (target === undefined) return "";
  const asked =
    target.kind === "below" || target.kind === "above"
      ? `${target.kind} ${target.value}`
      : `${target.kind === "times-at-least" ? "at least" : "at most"} ${target.times} times`;
  return `target: ${asked}: ${met === true ? "met" : "MISSED"}`;
}

function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
