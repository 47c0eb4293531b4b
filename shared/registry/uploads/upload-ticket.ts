import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { asDigestAlgorithm, type DigestAlgorithm } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { RepositoryName } from "../../domain/name.ts";
import { type Place, placeName } from "../../domain/place.ts";
import type { Ports } from "../../ports/ports.ts";

const begunMark = "begun";

/** What an upload's URL says, signed, so that starting an upload stores nothing. */
export interface UploadTicket {
  readonly id: string;
  /** The region that takes the bytes. */
  readonly region: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** The algorithm that the client announced, or sha256. */
  readonly algorithm: DigestAlgorithm;
  /** Whether it was handed out after the upload's start, so that there is a session to look for. */
  readonly begun: boolean;
}

/** An upload as a request addresses it. */
export interface Upload {
  readonly registry: RegistryDocument;
  readonly repository: RepositoryName;
  readonly ticket: UploadTicket;
}

/**
 * A ticket for a new upload.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put
 */
export function newTicket(ports: Ports, algorithm: DigestAlgorithm): UploadTicket {
  const startedAt = Math.floor(ports.clock.now() / 1000);
  return { id: ports.ids.ulid(), region: ports.region, startedAt, algorithm, begun: false };
}

/** The last segment of the upload's URL: `<id>.<region>.<start, base 36>.<algorithm>[.begun].<signature>`. */
export function formatTicket(ports: Ports, upload: Upload): string {
  const { id, region, startedAt, algorithm, begun } = upload.ticket;
  const body = `${id}.${region}.${startedAt.toString(36)}.${algorithm}${begun ? `.${begunMark}` : ""}`;
  return `${body}.${ports.signer.sign(signedText(upload.registry, upload.repository, body))}`;
}

/** @throws RegistryError BLOB_UPLOAD_UNKNOWN when it was not issued for this repository, or has expired */
export function parseTicket(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
  text: string,
): UploadTicket {
  const end = text.lastIndexOf(".");
  const body = text.slice(0, end);
  const [id = "", region = "", start = "", algorithmText = "", mark] = body.split(".");
  const algorithm = asDigestAlgorithm(algorithmText);
  const signed = ports.signer.verify(signedText(registry, repository, body), text.slice(end + 1));
  if (algorithm === undefined || !signed) {
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  }
  const startedAt = Number.parseInt(start, 36);
  if (ports.clock.now() / 1000 >= startedAt + limits.uploadSecondsMax) {
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", { message: "the upload has expired; start a new one" });
  }
  return { id, region, startedAt, algorithm, begun: mark === begunMark };
}

/** Where the upload's bytes gather, and where they stay when it becomes a blob. */
export function uploadPlace(upload: Upload): Place {
  const { account, container } = upload.registry.storage;
  return { account, container, name: placeName(upload.ticket.startedAt * 1000, upload.ticket.id) };
}

/** A place of its own for bytes that come in one request. */
export function newPlace(ports: Ports, registry: RegistryDocument): Place {
  const { account, container } = registry.storage;
  return { account, container, name: placeName(ports.clock.now(), ports.ids.ulid()) };
}

function signedText(registry: RegistryDocument, repository: RepositoryName, body: string): string {
  return `upload\n${registry.rid}\n${repository}\n${body}`;
}
