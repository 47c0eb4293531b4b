import type { PullRecorder } from "../catalog/pulls.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RepositoryDirectory } from "../catalog/repository-directory.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Caller } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import type { Ports } from "../ports/ports.ts";
import type { RequestBody } from "./request-body.ts";

/** A request as any door hands it over. The body is read lazily, and need not be read at all. */
export interface IncomingRequest {
  readonly method: string;
  /** The raw target: absolute or origin-form, not decoded. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
  /** The address that has connected. Absent: the door has no connection of its own, since a front end hands requests over. */
  readonly peer?: string;
}

/** A reply as any door can send it. Header names are in lower case. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** A request to one registry, with what has been found out about it. */
export interface Exchange {
  readonly ports: Ports;
  readonly registry: RegistryDocument;
  /** As the client named it, with its port: the registry's login server. */
  readonly host: string;
  /** For readers. */
  readonly repositories: RepositoryDirectory;
  /** Who asks, and what of the registry he may do. */
  readonly caller: Caller;
  /** Absent where nobody has to say who he is. */
  readonly identity: Identity | undefined;
  readonly pulls: Pick<PullRecorder, "note">;
  readonly method: string;
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
  readonly body: RequestBody;
  /** `<registry>/` where this client's paths carry it, else empty: names in replies begin with it. */
  readonly prefix: string;
}

/** An exchange about one repository. */
export interface RepositoryExchange extends Exchange {
  readonly name: RepositoryName;
}
