import { limits } from "../domain/limits.ts";
import { type ByteRange, parseRange } from "../domain/range.ts";
import type { ReadableBlob } from "../registry/read-blob.ts";
import type { Reply } from "./exchange.ts";

type Headers = Readonly<Record<string, string>>;

/**
 * The blob's bytes, or those that a `Range` header asks for.
 * @param headers what every reply about this blob carries, without its length
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14
 */
export async function replyWithBytes(
  blob: ReadableBlob,
  range: string | null,
  headers: Headers,
): Promise<Reply> {
  const wanted =
    range === null ? ({ kind: "whole" } as const) : parseRange(range, blob.size, limits.rangesMax);
  if (wanted.kind === "unsatisfiable") {
    return {
      status: 416,
      headers: { ...headers, "content-range": `bytes */${blob.size}`, "content-length": "0" },
    };
  }
  if (wanted.kind === "whole") {
    const length = { "content-length": String(blob.size) };
    if (blob.size === 0) return { status: 200, headers: { ...headers, ...length } };
    return { status: 200, headers: { ...headers, ...length }, body: await blob.open(0, blob.size - 1) };
  }
  const [first, ...others] = wanted.ranges;
  if (first !== undefined && others.length === 0) return await singlePart(blob, first, headers);
  return multipart(blob, wanted.ranges, headers);
}

async function singlePart(blob: ReadableBlob, range: ByteRange, headers: Headers): Promise<Reply> {
  return {
    status: 206,
    headers: {
      ...headers,
      "content-range": contentRange(range, blob.size),
      "content-length": String(range.end - range.start + 1),
    },
    body: await blob.open(range.start, range.end),
  };
}

function multipart(blob: ReadableBlob, ranges: readonly ByteRange[], headers: Headers): Reply {
  // A boundary must not occur in the parts; one made of the digest cannot, in practice, be met by chance.
  const boundary = `portolan-${blob.digest.slice(-32)}`;
  const type = headers["content-type"] ?? "application/octet-stream";
  const heads = ranges.map(
    (range, index) =>
      `${index === 0 ? "" : "\r\n"}--${boundary}\r\ncontent-type: ${type}\r\n` +
      `content-range: ${contentRange(range, blob.size)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  const bytes = ranges.reduce((sum, range) => sum + range.end - range.start + 1, 0);
  const length = heads.reduce((sum, head) => sum + head.length, bytes + tail.length);
  return {
    status: 206,
    headers: {
      ...headers,
      "content-type": `multipart/byteranges; boundary=${boundary}`,
      "content-length": String(length),
    },
    body: parts(blob, ranges, heads, tail),
  };
}

async function* parts(
  blob: ReadableBlob,
  ranges: readonly ByteRange[],
  heads: readonly string[],
  tail: string,
): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
  for (const [index, range] of ranges.entries()) {
    yield Buffer.from(heads[index] ?? "", "latin1");
    yield* await blob.open(range.start, range.end);
  }
  yield Buffer.from(tail, "latin1");
}

function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`;
}
