import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import type { Reply } from "../../../shared/http/exchange.ts";
import { replyWithBytes } from "../../../shared/http/ranges.ts";
import type { ReadableBlob } from "../../../shared/registry/read-blob.ts";

const common = { "content-type": "application/octet-stream", etag: '"x"' };

/** A blob whose byte at each offset tells the offset. */
function blobOf(size: number): { blob: ReadableBlob; bytes: Buffer } {
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => at % 256));
  const blob: ReadableBlob = {
    digest: `sha256:${"0".repeat(64)}` as ReadableBlob["digest"],
    size,
    sign: async () => undefined,
    open: async (start, end) =>
      (async function* () {
        for (let at = start; at <= end; at += 7) yield bytes.subarray(at, Math.min(at + 7, end + 1));
      })(),
  };
  return { blob, bytes };
}

async function bodyOf(reply: Reply): Promise<Buffer> {
  const { body } = reply;
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.concat(await Array.fromAsync(body));
}

describe("a reply with bytes", () => {
  test("has all of them without a range, or with one that is ignored", async () => {
    const { blob, bytes } = blobOf(100);
    for (const range of [null, "", "bytes=x", "items=0-5"]) {
      const reply = await replyWithBytes(blob, range, common);
      expect(reply).toMatchObject({ status: 200, headers: { ...common, "content-length": "100" } });
      expect(reply.headers).not.toHaveProperty("content-range");
      expect(await bodyOf(reply)).toEqual(bytes);
    }
  });

  test("has those of one range, and says which", async () => {
    const { blob, bytes } = blobOf(100);
    const reply = await replyWithBytes(blob, "bytes=10-19", common);
    expect(reply).toMatchObject({
      status: 206,
      headers: { ...common, "content-range": "bytes 10-19/100", "content-length": "10" },
    });
    expect(await bodyOf(reply)).toEqual(bytes.subarray(10, 20));
  });

  test("has nothing for a range that cannot be had, and says how long the blob is", async () => {
    const reply = await replyWithBytes(blobOf(100).blob, "bytes=100-", common);
    expect(reply).toMatchObject({
      status: 416,
      headers: { "content-range": "bytes */100", "content-length": "0" },
    });
    expect(await bodyOf(reply)).toHaveLength(0);
  });

  test("is whole, and empty, for any range of an empty blob", async () => {
    const { blob } = blobOf(0);
    for (const range of [null, "bytes=0-", "bytes=-1"]) {
      const reply = await replyWithBytes(blob, range, common);
      expect(reply).toMatchObject({ status: 200, headers: { "content-length": "0" } });
      expect(await bodyOf(reply)).toHaveLength(0);
    }
  });

  test("has several ranges in parts, and is exactly as long as it says", async () => {
    const ranges = fc.array(fc.tuple(fc.nat(299), fc.nat(50)), { minLength: 2, maxLength: limits.rangesMax });
    await fc.assert(
      fc.asyncProperty(ranges, async (pairs) => {
        const { blob, bytes } = blobOf(300);
        const header = `bytes=${pairs.map(([start, length]) => `${start}-${start + length}`).join(",")}`;
        const reply = await replyWithBytes(blob, header, common);
        const body = await bodyOf(reply);
        expect(reply.status).toBe(206);
        expect(reply.headers["content-length"]).toBe(String(body.length));
        const parts = partsOf(reply, body);
        for (const { start, end, content } of parts) expect(content).toEqual(bytes.subarray(start, end + 1));
        const wanted = new Set(
          pairs.flatMap(([start, length]) => offsets(start, Math.min(start + length, 299))),
        );
        expect(new Set(parts.flatMap(({ start, end }) => offsets(start, end)))).toEqual(wanted);
      }),
    );
  });
});

function offsets(start: number, end: number): number[] {
  return Array.from({ length: end - start + 1 }, (_, index) => start + index);
}

/** Takes a multipart/byteranges body apart as RFC 9110 14.6 and RFC 2046 have it; a single range is one part. */
function partsOf(reply: Reply, body: Buffer): { start: number; end: number; content: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(
    reply.headers["content-type"] ?? "",
  )?.[1];
  if (boundary === undefined) {
    return [{ ...rangeOf(reply.headers["content-range"] ?? ""), content: body }];
  }
  const text = body.toString("latin1");
  expect(text.startsWith(`--${boundary}\r\n`)).toBe(true);
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true);
  const inner = text.slice(`--${boundary}\r\n`.length, -`\r\n--${boundary}--\r\n`.length);
  return inner.split(`\r\n--${boundary}\r\n`).map((part) => {
    const end = part.indexOf("\r\n\r\n");
    const head = part.slice(0, end).split("\r\n");
    expect(head).toHaveLength(2);
    expect(head[0]).toBe("content-type: application/octet-stream");
    const range = rangeOf((head[1] ?? "").replace("content-range: ", ""));
    return { ...range, content: Buffer.from(part.slice(end + 4), "latin1") };
  });
}

function rangeOf(header: string): { start: number; end: number } {
  const match = /^bytes (\d+)-(\d+)\/300$/.exec(header);
  expect(match).not.toBeNull();
  return { start: Number(match?.[1]), end: Number(match?.[2]) };
}
