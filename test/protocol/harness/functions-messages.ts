export interface WorkerOptions {
  /**
   * `the project's` is loaded from functions/main.ts, `the bundle's` from what is deployed; the others are the project's doors
   * before the memory ports, and `hasty` before a handler that answers without a look at the body.
   */
  readonly application: "the project's" | "the bundle's" | "on memory" | "with a store that signs" | "hasty";
  /** Without it the library is left as it is; functions/main.ts always guards. */
  readonly guard: boolean;
  /** ms that the library's server gives a request, instead of Node's 300 s. */
  readonly serverRequestMillis?: number;
}

/** What the runtime tells the worker of an HTTP request. */
export interface Invocation {
  readonly kind: "invoke";
  readonly id: string;
  /** Of the function. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** What the catch-all of the route matched. */
  readonly path: string | undefined;
}

/** What the runtime tells the worker of anything else that triggers a function: text as the queue has it, or parsed to JSON. */
export interface TriggerInvocation {
  readonly kind: "trigger";
  readonly id: string;
  readonly name: string;
  readonly data: { readonly string: string } | { readonly json: string };
}

export type ToWorker = Invocation | TriggerInvocation | { readonly kind: "memory" };

export type FromWorker =
  | {
      readonly kind: "ready";
      readonly uri: string;
      /** Of each server that was opened without options. */
      readonly requestTimeoutMillis: readonly number[];
    }
  | { readonly kind: "done"; readonly id: string; readonly failure?: string }
  | { readonly kind: "memory"; readonly peakBytes: number };
