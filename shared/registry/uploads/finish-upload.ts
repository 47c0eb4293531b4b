import { leaseLink } from "../../catalog/blobs.ts";
import { findRepository } from "../../catalog/repositories.ts";
import type { Digest } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { ByteRange } from "../../domain/range.ts";
import type { Ports } from "../../ports/ports.ts";
import type { UploadSession } from "../../ports/upload-sessions.ts";
import { emptySession, extendSession } from "./append-upload.ts";
import { digestMismatch, publishBlob } from "./publish-blob.ts";
import { pushBlob, pushWhole } from "./push-blob.ts";
import type { Body } from "./stage-body.ts";
import { continueHash, digestOfSession } from "./upload-hash.ts";
import { type Upload, uploadPlace } from "./upload-ticket.ts";

/** `out-of-order`: the closing chunk does not start at `offset`, and the upload is as it was. */
export type FinishOutcome =
  | { readonly outcome: "created" }
  | { readonly outcome: "out-of-order"; readonly offset: number };

/**
 * Closes an upload: takes the last bytes, checks the digest, makes the bytes a blob where they are, and links it. A repeated
 * request finds its work done.
 * @throws RegistryError DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID, SIZE_INVALID
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export async function finishUpload(
  ports: Ports,
  upload: Upload,
  digest: Digest,
  body: Body,
  range: ByteRange | undefined,
): Promise<FinishOutcome> {
  if (upload.ticket.begun || range !== undefined || body.length === 0) {
    return await finishSession(ports, upload, digest, body, range);
  }
  // Bytes under an upload's first URL are nearly always the whole blob. If they are, no session need be looked for.
  let outcome: FinishOutcome = { outcome: "created" };
  const { registry, repository } = upload;
  await pushWhole(ports, registry, repository, digest, body, undefined, async (actual, staged) => {
    const stored = await ports.sessions.read(upload.ticket.id);
    if (stored === undefined) throw digestMismatch(digest, actual);
    outcome = await finishSession(ports, upload, digest, staged, undefined);
  });
  return outcome;
}

async function finishSession(
  ports: Ports,
  upload: Upload,
  digest: Digest,
  body: Body,
  range: ByteRange | undefined,
): Promise<FinishOutcome> {
  const stored = await ports.sessions.read(upload.ticket.id);
  const session = stored?.session ?? emptySession(upload);
  if (session.state !== "open") return await repeatFinish(ports, upload, session, digest);
  if (range !== undefined && range.start !== session.offset) {
    return { outcome: "out-of-order", offset: session.offset };
  }
  if (session.offset === 0) {
    await pushBlob(ports, upload.registry, upload.repository, digest, body, range);
    // Who sends everything here has no session and needs none: to repeat the request is to push the blob again.
    if (stored !== undefined) {
      await ports.sessions.write(upload.ticket.id, closedWith(ports, session, digest), stored.etag);
    }
    return { outcome: "created" };
  }
  try {
    const { closed, abandon } = await closeSession(ports, upload, session, digest, body, range);
    if ((await ports.sessions.write(upload.ticket.id, closed, stored?.etag)) === "written") {
      await publishSession(ports, upload, closed, digest);
      return { outcome: "created" };
    }
    await abandon();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return await followRival(ports, upload, digest, stored?.etag);
}

/** Another request has closed the upload, and so taken its blocks, or has brought it further. */
async function followRival(
  ports: Ports,
  upload: Upload,
  digest: Digest,
  etagBefore: string | undefined,
): Promise<FinishOutcome> {
  const now = await ports.sessions.read(upload.ticket.id);
  // No rival: the blocks are lost.
  if (now?.etag === etagBefore) throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  if (now !== undefined && now.session.state !== "open") {
    return await repeatFinish(ports, upload, now.session, digest);
  }
  return { outcome: "out-of-order", offset: now?.session.offset ?? 0 };
}

/** Blocks that are neither staged nor committed. */
function isGone(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "BLOB_UPLOAD_UNKNOWN";
}

/** The session with its last bytes and its digest checked. Once written, it alone says which blocks are the blob. */
async function closeSession(
  ports: Ports,
  upload: Upload,
  session: UploadSession,
  digest: Digest,
  body: Body,
  range: ByteRange | undefined,
): Promise<{ closed: UploadSession; abandon: () => Promise<void> }> {
  const place = uploadPlace(upload);
  let full = session;
  let abandon = async () => {};
  if (body.length !== 0) {
    const hash = await continueHash(ports, place, session, session.algorithm);
    const { extended, failure } = await extendSession(ports, upload, session, body, range, hash);
    ({ session: full, abandon } = extended);
    if (failure !== undefined) {
      await abandon();
      throw failure;
    }
  }
  try {
    const actual = await digestOfSession(ports, place, full, digest);
    if (actual !== digest) throw digestMismatch(digest, actual);
  } catch (error) {
    await abandon();
    throw error;
  }
  return { closed: closedWith(ports, full, digest), abandon };
}

/** Commits the bytes of a closed session and makes them known. May be repeated until it succeeds. */
async function publishSession(
  ports: Ports,
  upload: Upload,
  session: UploadSession,
  digest: Digest,
): Promise<void> {
  const place = uploadPlace(upload);
  const size = session.offset;
  await ports.blobs.commit(
    place,
    { runs: session.runs, bytes: size },
    { registry: upload.registry.rid, repository: upload.repository, digest, size },
  );
  await publishBlob(ports, upload.registry, upload.repository, digest, { place, size });
}

/** A closing request for an upload that is closed: the reply to the first one may have been lost. */
async function repeatFinish(
  ports: Ports,
  upload: Upload,
  session: UploadSession,
  digest: Digest,
): Promise<FinishOutcome> {
  if (session.state !== "closed" || session.digest !== digest) throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  // Later than this, the blob may have been deleted and its bytes condemned: they must not come back.
  if (ports.clock.now() - (session.closedAt ?? 0) > limits.requestSecondsMax * 1000) {
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  }
  if (await isLinked(ports, upload, digest)) return { outcome: "created" };
  if (session.offset === 0) throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  try {
    await publishSession(ports, upload, session, digest);
  } catch (error) {
    // The first request may have come to its end meanwhile, and dropped its bytes for those that were there already.
    if (!isGone(error) || !(await isLinked(ports, upload, digest))) throw error;
  }
  return { outcome: "created" };
}

/** Whether the blob is there, and stays for as long as one that is pushed now. */
async function isLinked(ports: Ports, upload: Upload, digest: Digest): Promise<boolean> {
  const repository = await findRepository(ports, upload.registry, upload.repository);
  return repository !== undefined && (await leaseLink(ports, repository, digest)) !== undefined;
}

function closedWith(ports: Ports, session: UploadSession, digest: Digest): UploadSession {
  return { ...session, state: "closed", digest, closedAt: ports.clock.now() };
}
