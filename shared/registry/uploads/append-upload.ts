import { RegistryError } from "../../domain/errors.ts";
import { type Hasher, hasher, type ResumableHasher } from "../../domain/hash.ts";
import { limits } from "../../domain/limits.ts";
import type { ByteRange } from "../../domain/range.ts";
import type { Run } from "../../ports/blob-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { SessionHash, StoredSession, UploadSession } from "../../ports/upload-sessions.ts";
import { checkAnnouncedSize, checkBlocks, checkReceivedSize, roomOf } from "./body-size.ts";
import { type Body, stageBody } from "./stage-body.ts";
import { continueHash } from "./upload-hash.ts";
import { type Upload, uploadPlace } from "./upload-ticket.ts";

/** How far an upload is. `out-of-order`: nothing was taken, and the client goes on from `offset`. */
export interface UploadProgress {
  readonly outcome: "accepted" | "out-of-order";
  /** Bytes received so far. */
  readonly offset: number;
}

/** A session with what this request added to it, not recorded yet. */
export interface ExtendedSession {
  readonly session: UploadSession;
  /** Drops what was added. */
  readonly abandon: () => Promise<void>;
}

/**
 * Appends a body to an upload. With a range the chunk must start at the upload's offset; without one the bytes go to the end.
 * What a client sent before its connection broke is kept.
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID, SIZE_INVALID
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export async function appendUpload(
  ports: Ports,
  upload: Upload,
  body: Body,
  range: ByteRange | undefined,
): Promise<UploadProgress> {
  const stored = await readOpenSession(ports, upload);
  const { session } = stored;
  if (range !== undefined && range.start !== session.offset) {
    return { outcome: "out-of-order", offset: session.offset };
  }
  // Chunking clients say so by a range: their hash must outlive the request. Everybody else gets the fast one.
  const fast = range === undefined && session.offset === 0;
  const hash: Hasher | ResumableHasher = fast
    ? hasher(session.algorithm)
    : await continueHash(ports, uploadPlace(upload), session, session.algorithm);
  const { extended, failure } = await extendSession(ports, upload, session, body, range, hash);
  const outcome = await ports.sessions.write(upload.ticket.id, extended.session, stored.etag);
  if (outcome === "stale") {
    await extended.abandon();
    return { outcome: "out-of-order", offset: (await readOpenSession(ports, upload)).session.offset };
  }
  if (failure !== undefined) throw failure;
  return { outcome: "accepted", offset: extended.session.offset };
}

/**
 * Stages a body behind what the session holds and hashes it.
 * @throws RegistryError SIZE_INVALID when the bytes are not as many as announced, or too many
 */
export async function extendSession(
  ports: Ports,
  upload: Upload,
  session: UploadSession,
  body: Body,
  range: ByteRange | undefined,
  hash: Hasher | ResumableHasher,
): Promise<{ extended: ExtendedSession; failure: Error | undefined }> {
  const room = await roomOf(ports, upload.registry, session.offset);
  checkAnnouncedSize(room, body, range);
  const nonce = ports.ids.nonce();
  const staged = { runs: session.runs, bytes: session.offset };
  const writer = await ports.blobs.extend(uploadPlace(upload), staged, nonce);
  try {
    const { bytes, blocks, failure } = await stageBody(body, writer, hash, ports.blobs.blockBytes, room);
    if (failure === undefined) checkReceivedSize(bytes, range);
    const runs: readonly Run[] = blocks === 0 ? session.runs : [...session.runs, { nonce, blocks }];
    checkBlocks(runs, ports.blobs.blocksMax);
    if (blocks === 0) await writer.abandon();
    else await writer.finish();
    const extended = { ...session, offset: session.offset + bytes, runs, hash: hashOf(hash) };
    return { extended: { session: extended, abandon: () => writer.abandon() }, failure };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The session, or an empty one when no byte has come yet. @throws RegistryError BLOB_UPLOAD_UNKNOWN unless open */
export async function readOpenSession(
  ports: Ports,
  upload: Upload,
): Promise<Partial<StoredSession> & { session: UploadSession }> {
  const stored = await ports.sessions.read(upload.ticket.id);
  if (stored === undefined) return { session: emptySession(upload) };
  if (stored.session.state !== "open") throw new RegistryError("BLOB_UPLOAD_UNKNOWN");
  return stored;
}

export function emptySession(upload: Upload): UploadSession {
  const { algorithm, startedAt } = upload.ticket;
  return {
    state: "open",
    algorithm,
    offset: 0,
    runs: [],
    hash: { kind: "none" },
    expiresAt: startedAt + limits.uploadSecondsMax,
  };
}

function hashOf(hash: Hasher | ResumableHasher): SessionHash {
  return "save" in hash ? { kind: "state", state: hash.save() } : { kind: "digest", digest: hash.digest() };
}
