import { isIPv4 } from "node:net";

/** Where the host listens. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/**
 * `HOST`, which must be on the loopback while the registry is open to anybody, and `PORT`.
 * @param authenticates whether callers have to say who they are
 * @throws Error with one line that says what to do
 */
export function readListenOptions(
  env: Readonly<Record<string, string | undefined>>,
  authenticates = false,
): ListenOptions {
  const host = env["HOST"] || "127.0.0.1";
  if (!authenticates && !isLoopback(host)) {
    throw new Error(
      `HOST=${host} is not on the loopback, and this registry is open to whoever reaches it; use 127.0.0.1, or npm start -- --auth`,
    );
  }
  const text = env["PORT"] || "5000";
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new Error(`PORT=${text} is not a port: use 0 to 65535`);
  return { host, port };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** What went wrong with listening, in one line. */
export function explainListenError(error: unknown, { host, port }: ListenOptions): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return new Error(`port ${port} on ${host} is in use; choose another by PORT`);
  if (code === "EACCES")
    return new Error(`port ${port} on ${host} needs more rights; choose another by PORT`);
  return new Error(
    `cannot listen on ${host} port ${port}: ${error instanceof Error ? error.message : String(error)}`,
  );
}
