/**
 * A cold start in a process of its own: loads an application's doors as the Functions worker does, and then sends the first
 * requests. Prints what each took.
 */
import { FunctionsCore } from "../host/core.ts";
import type { IncomingRequest, Reply } from "../shared/http/exchange.ts";

/** What a cold start took, in ms. */
export interface ColdStart {
  /** From the import of `main` to the registration of the last door. */
  readonly doors: number;
  /** Of each request, one after the other; the first composes the registry and loads the SDKs. */
  readonly requests: readonly number[];
}

async function main(application: string, targets: readonly string[]): Promise<void> {
  const core = new FunctionsCore();
  core.provide(() => {});
  const startedAt = performance.now();
  await import(application);
  const doors = performance.now() - startedAt;
  const manifest = core.functions.find(({ metadata }) => metadata.name === "v2_manifest");
  if (manifest === undefined) throw new Error(`${application} has no door for manifests`);
  const requests = [];
  for (const url of targets) {
    const headers = { get: (name: string) => (name === "host" ? "localhost" : null) };
    const request: IncomingRequest = { method: "GET", url, headers, body: null };
    const sentAt = performance.now();
    const { status } = (await manifest.callback(request)) as Reply;
    requests.push(performance.now() - sentAt);
    if (status !== 200) throw new Error(`${url} was answered by ${status}`);
  }
  process.stdout.write(JSON.stringify({ doors, requests } satisfies ColdStart));
  // What the registry keeps open would keep the process.
  process.exit(0);
}

await main(process.argv[2] ?? "", process.argv.slice(3));
