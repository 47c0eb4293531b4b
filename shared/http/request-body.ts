import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Body } from "../registry/uploads/stage-body.ts";

/** Time limits of a body, in seconds. */
export interface BodyTimes {
  readonly idleSecondsMax: number;
  readonly requestSecondsMax: number;
}

/**
 * A request's body with limits: it ends with an error when it stalls, lasts too long, or is not as long as announced. It
 * can be left half-read, and what is left can be drained.
 */
export class RequestBody implements Body {
  readonly length: number | undefined;
  /** Bytes that came so far. */
  received = 0;
  readonly #source: AsyncIterator<Uint8Array> | undefined;
  readonly #times: BodyTimes;
  readonly #deadline: number;
  #ended: boolean;
  #failed = false;

  constructor(source: AsyncIterable<Uint8Array> | null, contentLength: string | null, times: BodyTimes) {
    this.length = contentLength === null ? (source === null ? 0 : undefined) : parseLength(contentLength);
    this.#source = source?.[Symbol.asyncIterator]();
    this.#ended = this.#source === undefined;
    this.#times = times;
    this.#deadline = performance.now() + times.requestSecondsMax * 1000;
  }

  /** Whether nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Leaving the loop early keeps the rest: the source is never told to stop. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
  }

  /**
   * The whole body.
   * @param tooLarge what is thrown when it is longer than `bytesMax`; usually SIZE_INVALID with status 413
   * @throws RegistryError
   */
  async bytes(bytesMax: number, tooLarge = () => largerThan(bytesMax)): Promise<Uint8Array> {
    if (this.length !== undefined && this.length > bytesMax) throw tooLarge();
    const pieces: Uint8Array[] = [];
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) {
      if (this.received > bytesMax) throw tooLarge();
      pieces.push(chunk);
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }

  /** Takes in what is left, up to a limit, since a reply before the end of the body is lost on the way. @returns whether it ended */
  async drain(bytesMax: number): Promise<boolean> {
    const until = this.received + bytesMax;
    if (!this.#ended && this.length !== undefined && this.length > until) return false;
    try {
      while (!this.#ended && this.received <= until) await this.#next();
    } catch {
      return false;
    }
    return this.#ended;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#failed) throw interrupted("the body broke off");
    const source = this.#ended ? undefined : this.#source;
    const chunk = source === undefined ? undefined : await this.#read(source);
    this.#ended = chunk === undefined;
    this.received += chunk?.byteLength ?? 0;
    const { length, received } = this;
    if (length !== undefined && (received > length || (this.#ended && received < length))) {
      throw new RegistryError("SIZE_INVALID", { message: "the body is not as long as Content-Length says" });
    }
    return chunk;
  }

  async #read(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    const left = this.#deadline - performance.now();
    // A sender that is never late wins every race below, and yet no request may outlive its time: leases rely on it.
    if (left <= 0) {
      this.#failed = true;
      throw interrupted("the request took too long", 408);
    }
    const next = source.next();
    const idle = this.#times.idleSecondsMax * 1000;
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      const message =
        left < idle ? "the request took too long" : `no byte came for ${this.#times.idleSecondsMax} seconds`;
      timer = setTimeout(() => reject(interrupted(message, 408)), Math.min(left, idle));
    });
    try {
      const result = await Promise.race([next, stalled]);
      return result.done === true ? undefined : result.value;
    } catch (error) {
      this.#failed = true;
      next.catch(() => {});
      throw error instanceof RegistryError ? error : interrupted("the body broke off");
    } finally {
      clearTimeout(timer);
    }
  }
}

function largerThan(bytesMax: number): RegistryError {
  return new RegistryError("SIZE_INVALID", {
    status: 413,
    message: `the body has more than ${bytesMax} bytes`,
  });
}

function interrupted(message: string, status = 400): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", { status, message });
}

function parseLength(header: string): number {
  const length = /^[0-9]{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isNaN(length))
    throw new RegistryError("SIZE_INVALID", { message: "Content-Length is not a number of bytes" });
  return length;
}

export const defaultBodyTimes: BodyTimes = {
  idleSecondsMax: limits.bodyIdleSecondsMax,
  requestSecondsMax: limits.requestSecondsMax,
};
