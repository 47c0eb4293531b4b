import type { StrictStorageFront } from "../../support/strict-storage.ts";
import type { Lab, Scenario } from "./client.ts";
import { must, mustEqual } from "./registry-content.ts";
import { transcript } from "./wire.ts";

export const credentials = { username: "somebody", password: "secret" } as const;

/**
 * Pulls with a name and a password where the registry redirects to signed URLs: the client must get there, and must not send its
 * credentials along. Nothing to do where bytes are served through.
 * @param pull pulls what was pushed before, from this `host:port`
 */
export async function redirectScenario(
  lab: Lab,
  scenario: Scenario,
  pull: (host: string) => Promise<void>,
): Promise<void> {
  const { storage } = lab;
  if (storage === undefined) return;
  await scenario("pull by redirect, without its credentials", async () => {
    const wire = await lab.guardedWire();
    // Clients compare names, not ports: under the storage's own name they would send them on, and rightly.
    const host = wire.host.replace("127.0.0.1", "localhost");
    lab.logIn(host, lab.login ?? credentials);
    const before = { signed: storage.signed, refused: storage.refused };
    await pull(host);
    const redirected = wire.exchanges.filter(
      ({ status, requestHeaders }) => status === 307 && requestHeaders.authorization !== undefined,
    );
    must(redirected.length > 0, `nothing was redirected:\n${transcript(wire)}`);
    must(storage.signed > before.signed, `no redirect was followed:\n${transcript(wire)}`);
    mustEqual("signed URLs called with credentials", storage.refused, before.refused);
  });
}

/** What all clients together did to the storage. */
export async function checkRedirects(storage: StrictStorageFront, scenario: Scenario): Promise<void> {
  await scenario("no signed URL was called with credentials", async () => {
    must(storage.signed > 0, "no signed URL was called at all");
    mustEqual("signed URLs called with credentials", storage.refused, 0);
    await Promise.resolve();
  });
}
