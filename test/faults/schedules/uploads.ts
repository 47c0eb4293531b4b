import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { ByteRange } from "../../../shared/domain/range.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { cancelUpload } from "../../../shared/registry/uploads/cancel-upload.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { readUpload } from "../../../shared/registry/uploads/read-upload.ts";
import type { Body } from "../../../shared/registry/uploads/stage-body.ts";
import {
  formatTicket,
  newTicket,
  parseTicket,
  type Upload,
} from "../../../shared/registry/uploads/upload-ticket.ts";
import { outcomeOf } from "./clients.ts";
import type { Outcome } from "./event-counts.ts";
import type { SampleBlob } from "./samples.ts";
import { type Answer, codeOf, isLost, type Simulation } from "./simulation.ts";

const retriesMax = 6;

/** An upload's URL as the client got it, and back. @param blob what it is to become */
function startUpload(
  { ports, registry, uploads }: Simulation,
  repository: RepositoryName,
  blob: SampleBlob | undefined,
): Upload {
  const upload = { registry, repository, ticket: newTicket(ports, "sha256") };
  const ticket = parseTicket(ports, registry, repository, formatTicket(ports, upload));
  const begun = { registry, repository, ticket };
  if (blob !== undefined) uploads.push({ upload: begun, blob });
  return begun;
}

/** A body that comes in pieces. @param breaksAt the client's connection breaks after so many bytes */
export function bodyOf(simulation: Simulation, bytes: Buffer, announced: boolean, breaksAt?: number): Body {
  const pieceBytes = 1 + simulation.random(12);
  return {
    length: announced ? bytes.byteLength : undefined,
    async *[Symbol.asyncIterator]() {
      for (let from = 0; from < bytes.byteLength; from += pieceBytes) {
        if (breaksAt !== undefined && from >= breaksAt) throw new Error("the connection broke");
        yield bytes.subarray(from, from + pieceBytes);
      }
    },
  };
}

/** A single POST, or a closing PUT that carries everything. */
export async function pushWhole(
  simulation: Simulation,
  repository: RepositoryName,
  blob: SampleBlob,
): Promise<void> {
  const { history, registry } = simulation;
  const body = bodyOf(simulation, blob.bytes, simulation.random(2) === 0);
  if (simulation.random(2) === 0) {
    await finish(simulation, startUpload(simulation, repository, blob), blob, body, undefined);
    return;
  }
  const answer = await simulation.request(
    `post ${blob.name}`,
    async (ports) => await pushBlob(ports, registry, repository, blob.digest, body, undefined),
  );
  history.blobPushed("blob-push", repository, blob.digest, answer, outcomeOf(answer));
}

/** Claims another blob's digest; must leave no trace. */
export async function pushForged(
  simulation: Simulation,
  repository: RepositoryName,
  blob: SampleBlob,
  claimed: SampleBlob,
): Promise<void> {
  const upload = startUpload(simulation, repository, undefined);
  if (simulation.random(2) === 0) {
    await append(simulation, upload, blob.bytes.subarray(0, 5), undefined);
  }
  const answer = await simulation.request(
    `forge ${claimed.name}`,
    async (ports) =>
      await finishUpload(
        ports,
        upload,
        claimed.digest,
        bodyOf(simulation, Buffer.concat([blob.bytes, Buffer.from("!")]), true),
        undefined,
      ),
  );
  if (answer.kind === "value") simulation.surprises.push(`${claimed.name} was forged`);
}

export async function append(
  simulation: Simulation,
  upload: Upload,
  bytes: Buffer,
  range: ByteRange | undefined,
): Promise<Answer<number>> {
  const breaksAt = simulation.random(10) === 0 ? simulation.random(bytes.byteLength + 1) : undefined;
  return await simulation.request(`patch ${bytes.byteLength} bytes`, async (ports) => {
    const body = bodyOf(simulation, bytes, breaksAt === undefined && simulation.random(2) === 0, breaksAt);
    try {
      return (await appendUpload(ports, upload, body, range)).offset;
    } catch (error) {
      // A client whose connection broke sees no answer; it asks how far the upload is, as after any loss.
      if (!(error instanceof Error) || error.message !== "the connection broke") throw error;
      return await readUpload(ports, upload);
    }
  });
}

/** PATCHes the bytes from `from` to `to`, going on from the true offset after every loss. @returns whether they are there */
async function sendUpTo(
  simulation: Simulation,
  upload: Upload,
  blob: SampleBlob,
  to: number,
  chunked: boolean,
): Promise<boolean> {
  let acknowledged = 0;
  for (let tries = 0; tries < retriesMax; tries++) {
    const told = await simulation.request(
      "ask for the offset",
      async (ports) => await readUpload(ports, upload),
    );
    if (told.kind !== "value") {
      if (isLost(told)) continue;
      return false;
    }
    const offset = told.value;
    if (offset < acknowledged) simulation.surprises.push(`${blob.name} lost bytes that were acknowledged`);
    if (offset >= to) return true;
    const end = chunked ? Math.min(to, offset + 1 + simulation.random(to - offset)) : to;
    const range = chunked ? { start: offset, end: end - 1 } : undefined;
    const answer = await append(simulation, upload, blob.bytes.subarray(offset, end), range);
    if (answer.kind === "error" && !isLost(answer)) return false;
    if (answer.kind !== "value") continue;
    acknowledged = answer.value;
    if (acknowledged > to) return false;
  }
  return false;
}

/** The closing request. @param from bytes from here on come with it */
export async function finish(
  simulation: Simulation,
  upload: Upload,
  blob: SampleBlob,
  body: Body,
  range: ByteRange | undefined,
): Promise<Outcome> {
  const { digest, name } = blob;
  const answer = await simulation.request(
    `finish ${name}`,
    async (ports) => await finishUpload(ports, upload, digest, body, range),
  );
  const outOfOrder = answer.kind === "value" && answer.value.outcome === "out-of-order";
  const outcome = outOfOrder ? "nothing" : outcomeOf(answer);
  simulation.history.blobPushed("blob-push", upload.repository, digest, answer, outcome);
  return outcome;
}

/** In chunks or streamed, and then closed by one or two requests at once, again and again while answers are lost. */
export async function pushInParts(
  simulation: Simulation,
  repository: RepositoryName,
  blob: SampleBlob,
  closers: number,
): Promise<void> {
  const upload = startUpload(simulation, repository, blob);
  const size = blob.bytes.byteLength;
  const sent = simulation.random(3) === 0 ? size : simulation.random(size + 1);
  if (!(await sendUpTo(simulation, upload, blob, sent, simulation.random(2) === 0))) return;
  for (let tries = 0; tries < retriesMax; tries++) {
    const rest = blob.bytes.subarray(sent);
    const ranged = rest.byteLength > 0 && simulation.random(2) === 0;
    const outcomes = await Promise.all(
      Array.from({ length: closers }, async () => {
        const body = bodyOf(simulation, rest, simulation.random(2) === 0);
        const range = ranged ? { start: sent, end: size - 1 } : undefined;
        return await finish(simulation, upload, blob, body, range);
      }),
    );
    if (outcomes.includes("maybe")) continue;
    // After a loss, the blob may be there, be deleted, and then the repetition comes too late.
    const deleted = simulation.history.deletionsTried.has(`${repository} ${blob.digest}`);
    if (outcomes.includes("nothing") && !deleted)
      simulation.surprises.push(`${blob.name} could not be closed`);
    return;
  }
}

/** Two clients that send the same upload, as after a retry that was too early. */
export async function pushRacing(
  simulation: Simulation,
  repository: RepositoryName,
  blob: SampleBlob,
): Promise<void> {
  const upload = startUpload(simulation, repository, blob);
  const size = blob.bytes.byteLength;
  const send = async () => await sendUpTo(simulation, upload, blob, size, simulation.random(2) === 0);
  const [one, two] = await Promise.all([send(), send()]);
  if (one || two)
    await finish(simulation, upload, blob, bodyOf(simulation, Buffer.alloc(0), true), undefined);
}

/** Cancels while the upload is being closed. */
export async function pushAndCancel(
  simulation: Simulation,
  repository: RepositoryName,
  blob: SampleBlob,
): Promise<void> {
  const upload = startUpload(simulation, repository, blob);
  const size = blob.bytes.byteLength;
  if (!(await sendUpTo(simulation, upload, blob, Math.min(size, 5), true))) return;
  const rest = () => bodyOf(simulation, blob.bytes.subarray(Math.min(size, 5)), false);
  const cancel = async () =>
    await simulation.request("cancel", async (ports) => await cancelUpload(ports, upload));
  const [cancelled] = await Promise.all([cancel(), finish(simulation, upload, blob, rest(), undefined)]);
  if (cancelled.kind !== "value" || size === 0) return;
  const late = await simulation.request(
    "finish what was cancelled",
    async (ports) => await finishUpload(ports, upload, blob.digest, rest(), undefined),
  );
  if (!isLost(late) && codeOf(late) !== "BLOB_UPLOAD_UNKNOWN") {
    simulation.surprises.push("an upload went on after it was cancelled");
  }
}
