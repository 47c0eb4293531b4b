import { access, constants } from "node:fs/promises";
import { join, resolve } from "node:path";
import { usualGraces } from "../domain/graces.ts";
import { usualTiers } from "../domain/tiers/table.ts";
import type { Ports } from "../ports/ports.ts";
import { hmacSigner, systemClock, systemIds, systemPause } from "../system/world.ts";
import { blobsFolder, LocalBlobs } from "./blobs.ts";
import { Database } from "./database.ts";
import { Directories } from "./directories.ts";
import { LocalDocuments } from "./documents.ts";
import { LocalSessions } from "./sessions.ts";
import { readOrCreateKey } from "./signer-key.ts";
import { LocalWorkQueue } from "./work-queue.ts";

export interface LocalPorts {
  readonly ports: Ports;
  /** Waits for commits under way and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the ports on one machine's disk; the folder is made if need be. Several processes may have it open at once.
 *
 * ```
 * <dataDir>/database/       documents and upload sessions (LMDB)
 * <dataDir>/blobs/          bytes
 * <dataDir>/signer.key      the secret that upload URLs are signed with
 * ```
 * @throws Error of one line when the folder cannot be used
 */
export async function openLocalPorts(dataDir: string): Promise<LocalPorts> {
  const folder = resolve(dataDir);
  try {
    return await open(folder);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new Error(`cannot keep data in ${folder}: ${reason}`);
  }
}

async function open(folder: string): Promise<LocalPorts> {
  const directories = new Directories();
  await directories.ensure(folder);
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  await directories.ensure(blobsFolder(folder));
  const databaseFolder = join(folder, "database");
  await directories.ensure(databaseFolder);
  const key = await readOrCreateKey(join(folder, "signer.key"), directories);
  const database = new Database(databaseFolder);
  // The library syncs its file, but not the directory that names it.
  await directories.sync(databaseFolder);
  const ports: Ports = {
    documents: new LocalDocuments(database, systemClock),
    blobs: new LocalBlobs(blobsFolder(folder), directories),
    sessions: new LocalSessions(database),
    work: new LocalWorkQueue(database, systemClock.now),
    signer: hmacSigner(key),
    clock: systemClock,
    ids: systemIds(),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: systemPause,
  };
  return { ports, close: () => database.close() };
}
