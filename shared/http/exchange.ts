/** A request as any door hands it over. The body is read lazily, and need not be read at all. */
export interface IncomingRequest {
  readonly method: string;
  /** The raw target: absolute or origin-form, not decoded. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** A reply as any door can send it. Header names are in lower case. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}
