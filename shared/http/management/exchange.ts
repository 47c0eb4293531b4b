import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import type { RegistryName } from "../../domain/name.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Manager } from "../../identity/manager.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import type { NetworkGate } from "../../tenancy/network-gate.ts";
import type { Hosts } from "../address.ts";
import type { RequestBody } from "../request-body.ts";

/** A request to the management API, with what it is served from. */
export interface ManagementRequest {
  readonly ports: Ports;
  readonly registries: {
    find(name: RegistryName): RegistryDocument | undefined | Promise<RegistryDocument | undefined>;
    forget(name: RegistryName): void;
  };
  readonly hosts: Hosts;
  readonly networks: Pick<NetworkGate, "hasPrivateNetworks">;
  /** As the client named it. */
  readonly host: string;
  /** By which the client came. */
  readonly scheme: string;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: RequestBody;
  readonly log: Log;
  readonly manager: Manager;
  /** Absent where nobody has to say who he is. */
  readonly identity?: Identity | undefined;
}

/** A request about a registry that is there. */
export interface ManagementExchange extends ManagementRequest {
  readonly registry: RegistryDocument;
}
