/** One HTTP request. */
export interface Call {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  /** Names in lower case. `host` may be among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces of the body; undefined: none. */
  readonly body: readonly Uint8Array[] | undefined;
  /** Whether the body goes without a Content-Length, in chunks. */
  readonly streamed: boolean;
  /** The address that it comes from, where no connection tells. */
  readonly peer?: string;
}

/** The reply to a call, whole. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A registry that takes calls, over whatever way. */
export interface Registry {
  /** Headers of every answer. */
  readonly everyAnswer: Readonly<Record<string, string>>;
  send(call: Call): Promise<Answer>;
  /** @throws Error when the registry met an error that it did not expect */
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Accept manifests whose children are absent. */
  readonly sparseManifests?: boolean;
}

/** What a call says of its body's length. */
export function framing(call: Call): Record<string, string> {
  if (call.body === undefined) return {};
  if (call.streamed) return { "transfer-encoding": "chunked" };
  return { "content-length": String(call.body.reduce((sum, piece) => sum + piece.byteLength, 0)) };
}
