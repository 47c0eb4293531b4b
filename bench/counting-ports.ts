import type { BlobStore, BlockWriter } from "../shared/ports/blob-store.ts";
import type { DocumentStore } from "../shared/ports/document-store.ts";
import type { Ports } from "../shared/ports/ports.ts";
import type { UploadSessions } from "../shared/ports/upload-sessions.ts";

/** Calls that a piece of work made. */
export interface Calls {
  documentReads: number;
  /** Range reads. */
  documentLists: number;
  commits: number;
  /** Documents in those commits. */
  operations: number;
  sessionReads: number;
  sessionWrites: number;
  /** Calls of the blob store by name, in order. */
  readonly blobCalls: string[];
}

export function noCalls(): Calls {
  return {
    documentReads: 0,
    documentLists: 0,
    commits: 0,
    operations: 0,
    sessionReads: 0,
    sessionWrites: 0,
    blobCalls: [],
  };
}

/** The ports, with every call counted into whatever `calls` gives at that moment. */
export function countingPorts(ports: Ports, calls: () => Calls): Ports {
  return {
    ...ports,
    documents: countingDocuments(ports.documents, calls),
    sessions: countingSessions(ports.sessions, calls),
    blobs: countingBlobs(ports.blobs, calls),
  };
}

function countingDocuments(documents: DocumentStore, calls: () => Calls): DocumentStore {
  return {
    read: async (partition, id, options) => {
      calls().documentReads += 1;
      return await documents.read(partition, id, options);
    },
    list: async (partition, query) => {
      calls().documentLists += 1;
      return await documents.list(partition, query);
    },
    commit: async (partition, operations) => {
      calls().commits += 1;
      calls().operations += operations.length;
      return await documents.commit(partition, operations);
    },
    changes: async (cursor, limit) => await documents.changes(cursor, limit),
    writeRegion: async () => await documents.writeRegion(),
  };
}

function countingSessions(sessions: UploadSessions, calls: () => Calls): UploadSessions {
  return {
    read: async (id) => {
      calls().sessionReads += 1;
      return await sessions.read(id);
    },
    write: async (id, session, etag) => {
      calls().sessionWrites += 1;
      return await sessions.write(id, session, etag);
    },
    expire: async (now) => await sessions.expire(now),
  };
}

function countingBlobs(blobs: BlobStore, calls: () => Calls): BlobStore {
  const count = (name: string): void => {
    calls().blobCalls.push(name);
  };
  return {
    blockBytes: blobs.blockBytes,
    blocksMax: blobs.blocksMax,
    extend: async (place, staged, nonce) => countingWriter(await blobs.extend(place, staged, nonce), count),
    openStaged: (place, staged) => {
      count("openStaged");
      return blobs.openStaged(place, staged);
    },
    commit: async (place, staged, properties) => {
      count("commit");
      await blobs.commit(place, staged, properties);
    },
    discard: async (place, staged) => {
      count("discard");
      await blobs.discard(place, staged);
    },
    put: async (place, bytes, properties) => {
      count("put");
      await blobs.put(place, bytes, properties);
    },
    open: async (place, start, end) => {
      count("open");
      return await blobs.open(place, start, end);
    },
    // Computed on the spot: it asks nobody.
    sign: async (place, options) => await blobs.sign(place, options),
    delete: async (place) => {
      count("delete");
      await blobs.delete(place);
    },
    list: async (container, query) => {
      count("list");
      return await blobs.list(container, query);
    },
    deleteContainer: async (container) => {
      count("deleteContainer");
      await blobs.deleteContainer(container);
    },
    discardUnfinished: async (before) => await blobs.discardUnfinished(before),
  };
}

/** Only staging and finishing reach a store; to begin a run costs nothing by itself. */
function countingWriter(writer: BlockWriter, count: (name: string) => void): BlockWriter {
  return {
    stage: async (block) => {
      count("stage");
      await writer.stage(block);
    },
    finish: async () => {
      count("finish");
      await writer.finish();
    },
    abandon: async () => {
      count("abandon");
      await writer.abandon();
    },
  };
}
