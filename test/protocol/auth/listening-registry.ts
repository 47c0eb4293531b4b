import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Router } from "../../../host/router.ts";
import { createHost } from "../../../host/server.ts";
import type { IncomingRequest } from "../../../shared/http/exchange.ts";
import { serve } from "../../../shared/http/serve.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

/** A registry in memory whose callers have to say who they are, behind the HTTP server of the host. */
export interface ListeningRegistry extends GuardedRegistry {
  readonly port: number;
  /** All that it has logged, at every level. */
  logged(): string;
  close(): Promise<void>;
}

export async function openListeningRegistry(opened?: GuardedRegistry): Promise<ListeningRegistry> {
  const guarded = opened ?? (await openGuardedRegistry());
  let lines = "";
  const log = createLog("debug", (more) => {
    lines += more;
  });
  const service = { ...guarded.service, log, bodyTimes: { idleSecondsMax: 1, requestSecondsMax: 2 } };
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  const metadata = { name: "all", bindings: { request: { type: "httpTrigger", route: "{*rest}", methods } } };
  const callback = async (request: unknown) => await serve(service, request as IncomingRequest);
  const server = createHost(new Router([{ metadata, callback } as never], ""), {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...guarded,
    port: (server.address() as AddressInfo).port,
    logged: () => {
      log.flush();
      return lines;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
