/** A stretch of bytes, both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a `Range` header asks of a representation of `size` bytes. */
export type RangeRequest =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

const contentRange = /^(?:bytes[ =])?([0-9]{1,15})-([0-9]{1,15})(?:\/(?:\*|[0-9]+))?$/;

/**
 * The range of a chunk: `<start>-<end>`, as the distribution spec wants it; RFC 9110's `bytes a-b/*` is understood too.
 * @returns undefined when it is neither
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = contentRange.exec(header.trim());
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]);
  return end < start ? undefined : { start, end };
}

/** The `Range` of an upload that holds `bytes`; `0-0` when empty, since clients reject an end before the start. */
export function formatUploadRange(bytes: number): string {
  return `0-${Math.max(0, bytes - 1)}`;
}

/**
 * A `Range` header against a representation of `size` bytes. Unknown units and malformed sets are ignored, as RFC 9110 14.2
 * asks; a range whose end lies before its start is unsatisfiable, as the conformance suite expects. Ranges are
 * clipped, and those that touch are joined; more than `rangesMax` are answered with everything, and so is any range of
 * nothing: clients that always ask for `bytes=0-` want an empty blob too, and no partial answer can describe one.
 */
export function parseRange(header: string, size: number, rangesMax: number): RangeRequest {
  const set = /^bytes=(.*)$/i.exec(header.trim())?.[1];
  if (set === undefined || size === 0) return { kind: "whole" };
  const specs = set.split(",").map((spec) => spec.trim());
  if (specs.length > rangesMax) return { kind: "whole" };
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const match = /^([0-9]*)-([0-9]*)$/.exec(spec);
    if (match === null || spec === "-") return { kind: "whole" };
    const range = resolveRange(match[1] ?? "", match[2] ?? "", size);
    if (range !== undefined) ranges.push(range);
  }
  return ranges.length === 0 ? { kind: "unsatisfiable" } : { kind: "ranges", ranges: joinTouching(ranges) };
}

function resolveRange(first: string, last: string, size: number): ByteRange | undefined {
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? undefined : { start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || end < start ? undefined : { start, end };
}

function joinTouching(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const before = joined.at(-1);
    if (before !== undefined && range.start <= before.end + 1) {
      joined[joined.length - 1] = { start: before.start, end: Math.max(before.end, range.end) };
    } else {
      joined.push(range);
    }
  }
  return joined;
}
