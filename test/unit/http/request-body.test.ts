import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RegistryError } from "../../../shared/domain/errors.ts";
import { type BodyTimes, defaultBodyTimes, RequestBody } from "../../../shared/http/request-body.ts";

const patient: BodyTimes = { idleSecondsMax: 60, requestSecondsMax: 3600 };
const wrongLength = expect.objectContaining({ code: "SIZE_INVALID", status: 400 });
const tooLate = expect.objectContaining({ code: "BLOB_UPLOAD_INVALID", status: 408 });
const brokenOff = expect.objectContaining({ code: "BLOB_UPLOAD_INVALID", status: 400 });

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, millis));
}

/** Gives chunks without end, each after `millis`. */
async function* dripping(millis: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    await pause(millis);
    yield new Uint8Array(1);
  }
}

/** A source that fails once it has been told to stop: whoever leaves a body half-read must not tell it. */
function source(chunks: readonly Uint8Array[]): { iterable: AsyncIterable<Uint8Array>; reads: () => number } {
  let at = 0;
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const value = chunks[at];
    at += 1;
    return value === undefined ? { done: true, value } : { done: false, value };
  };
  const stop = async (): Promise<IteratorResult<Uint8Array>> => {
    throw new Error("the source was told to stop");
  };
  return { iterable: { [Symbol.asyncIterator]: () => ({ next, return: stop }) }, reads: () => at };
}

async function read(body: RequestBody): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(body));
}

const bytes = (length: number) => new Uint8Array(length).fill(7);

describe("a body", () => {
  test("is what was sent, announced or not, in pieces or at once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), fc.boolean(), async (chunks, announced) => {
        const whole = Buffer.concat(chunks);
        const length = announced ? String(whole.length) : null;
        const piecewise = new RequestBody(streamOf(...chunks), length, patient);
        expect(await read(piecewise)).toEqual(whole);
        expect(piecewise).toMatchObject({ ended: true, received: whole.length });
        expect(piecewise.length).toBe(announced ? whole.length : undefined);
        const atOnce = new RequestBody(streamOf(...chunks), length, patient);
        expect(Buffer.from(await atOnce.bytes(whole.length))).toEqual(whole);
      }),
    );
  });

  test("that is not there has no bytes, is ended and leaves nothing to drain", async () => {
    for (const length of [null, "0"]) {
      const body = new RequestBody(null, length, patient);
      expect(body).toMatchObject({ length: 0, ended: true, received: 0 });
      expect(await read(body)).toHaveLength(0);
      expect(await body.bytes(0)).toHaveLength(0);
      expect(await body.drain(0)).toBe(true);
    }
  });

  test.each(["", " 5", "+5", "-5", "5.0", "5e3", "0x5", "five", "5, 5", "5\n", "٥", "9".repeat(16)])(
    "has no length of %j",
    (length) => {
      expect(() => new RequestBody(streamOf(), length, patient)).toThrow(wrongLength);
    },
  );
});

describe("a body that lies about its length", () => {
  test("is refused at its end when it is shorter, and stays refused", async () => {
    const body = new RequestBody(streamOf(bytes(3)), "5", patient);
    await expect(read(body)).rejects.toEqual(wrongLength);
    await expect(read(body)).rejects.toEqual(wrongLength);
    await expect(body.bytes(10)).rejects.toEqual(wrongLength);
    expect(body.ended).toBe(true);
  });

  test("is refused at the first byte too many, before anybody gets to see it", async () => {
    const { iterable, reads } = source([bytes(3), bytes(3), bytes(3)]);
    const body = new RequestBody(iterable, "5", patient);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const chunk of body) seen.push(chunk.byteLength);
    })();
    await expect(reading).rejects.toEqual(wrongLength);
    expect(seen).toEqual([3]);
    expect(reads()).toBe(2);
  });

  test("is refused when it is announced and never comes", async () => {
    const body = new RequestBody(null, "5", patient);
    expect(body).toMatchObject({ length: 5, ended: true });
    await expect(read(body)).rejects.toEqual(wrongLength);
    await expect(body.bytes(10)).rejects.toEqual(wrongLength);
    expect(await body.drain(10)).toBe(true);
  });
});

describe("a body that is too long", () => {
  const tooLarge = (code: string) => expect.objectContaining({ code, status: 413 });

  test("is refused unread when its length says so", async () => {
    const { iterable, reads } = source([bytes(11)]);
    const body = new RequestBody(iterable, "11", patient);
    const denied = () => new RegistryError("DENIED", { status: 413 });
    await expect(body.bytes(10, denied)).rejects.toEqual(tooLarge("DENIED"));
    expect(reads()).toBe(0);
  });

  test("is refused as soon as it is when its length says nothing", async () => {
    const { iterable, reads } = source([bytes(5), bytes(5), bytes(1), bytes(1_000)]);
    const body = new RequestBody(iterable, null, patient);
    await expect(body.bytes(10)).rejects.toEqual(tooLarge("SIZE_INVALID"));
    expect(reads()).toBe(3);
  });

  test("may be exactly as long as the limit", async () => {
    expect(await new RequestBody(streamOf(bytes(5), bytes(5)), null, patient).bytes(10)).toHaveLength(10);
  });
});

describe("a body that takes its time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Reads it while the clock runs. @returns how it ended, and after how many seconds */
  async function readFor(body: RequestBody, secondsMax: number): Promise<{ end: unknown; seconds: number }> {
    let end: unknown;
    read(body).then(
      (bytesRead) => {
        end = bytesRead.length;
      },
      (error: unknown) => {
        end = error;
      },
    );
    let seconds = 0;
    for (; end === undefined && seconds < secondsMax; seconds += 1) await vi.advanceTimersByTimeAsync(1_000);
    return { end, seconds };
  }

  test("is given up when no byte comes for a minute, and stays given up", async () => {
    const silent = new RequestBody(dripping(3_600_000), null, defaultBodyTimes);
    expect(await readFor(silent, 4_000)).toEqual({ end: tooLate, seconds: 60 });
    await expect(read(silent)).rejects.toEqual(brokenOff);
    expect(silent.ended).toBe(false);
    expect(await silent.drain(1_000)).toBe(false);
  });

  test("may take longer than that in all, as long as bytes keep coming", async () => {
    const slow = (async function* () {
      for (let count = 0; count < 10; count += 1) {
        await pause(59_000);
        yield bytes(1);
      }
    })();
    expect(await readFor(new RequestBody(slow, "10", defaultBodyTimes), 4_000)).toEqual({
      end: 10,
      seconds: 590,
    });
  });

  test("is given up when the request lasts for more than an hour, though bytes keep coming", async () => {
    const endless = new RequestBody(dripping(30_000), null, defaultBodyTimes);
    expect(await readFor(endless, 4_000)).toEqual({ end: tooLate, seconds: 3_600 });
  });

  test("is given up then even if its sender is never late", async () => {
    const hasty = (async function* () {
      for (;;) yield bytes(1);
    })();
    const body = new RequestBody(hasty, null, defaultBodyTimes);
    let seconds = 0;
    const using = (async () => {
      for await (const _ of body) {
        vi.advanceTimersByTime(1_000);
        seconds += 1;
      }
    })();
    await expect(using).rejects.toEqual(tooLate);
    expect(seconds).toBe(3_600);
  });

  test("leaves no timer behind", async () => {
    await read(new RequestBody(streamOf(bytes(1), bytes(1)), null, patient));
    await new RequestBody(streamOf(bytes(1)), null, patient).drain(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("has the registry's limits unless others are given", () => {
    expect(defaultBodyTimes).toEqual({ idleSecondsMax: 60, requestSecondsMax: 3600 });
  });
});

describe("a body that breaks off", () => {
  test("is an error of the upload, and what came before has been given", async () => {
    const broken = (async function* () {
      yield bytes(4);
      throw new Error("ECONNRESET");
    })();
    const body = new RequestBody(broken, "10", patient);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const chunk of body) seen.push(chunk.byteLength);
      })(),
    ).rejects.toEqual(brokenOff);
    expect(seen).toEqual([4]);
    expect(await body.drain(100)).toBe(false);
  });

  test("after it was given up is nobody's unhandled rejection", async () => {
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      await pause(50);
      throw new Error("ECONNRESET");
    };
    const late = { [Symbol.asyncIterator]: () => ({ next }) };
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const body = new RequestBody(late, null, { idleSecondsMax: 0.01, requestSecondsMax: 9 });
    await expect(read(body)).rejects.toEqual(tooLate);
    await pause(100);
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });
});

describe("a body that is left half-read", () => {
  test("can be read on, by another loop: its source is never told to stop", async () => {
    const { iterable } = source([bytes(1), bytes(2), bytes(3)]);
    const body = new RequestBody(iterable, "6", patient);
    for await (const chunk of body) {
      expect(chunk).toHaveLength(1);
      break;
    }
    expect(body).toMatchObject({ ended: false, received: 1 });
    expect(await read(body)).toHaveLength(5);
    expect(body.ended).toBe(true);
  });

  test("is drained up to a limit", async () => {
    const chunks = Array.from({ length: 10 }, () => bytes(10));
    const small = new RequestBody(source(chunks).iterable, null, patient);
    expect(await small.drain(100)).toBe(true);
    expect(small).toMatchObject({ ended: true, received: 100 });

    const large = source(chunks);
    const body = new RequestBody(large.iterable, null, patient);
    expect(await body.drain(50)).toBe(false);
    expect(large.reads()).toBe(6);
    expect(body.ended).toBe(false);
  });

  test("is not even begun to be drained when its length says that there is too much left", async () => {
    const { iterable, reads } = source([bytes(60)]);
    expect(await new RequestBody(iterable, "60", patient).drain(50)).toBe(false);
    expect(reads()).toBe(0);
  });

  test("is drained of what is left, not of what was read", async () => {
    const body = new RequestBody(source([bytes(40), bytes(20)]).iterable, "60", patient);
    for await (const _ of body) break;
    expect(await body.drain(20)).toBe(true);
  });
});
