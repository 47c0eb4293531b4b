import type { StoredSession, UploadSession, UploadSessions } from "../ports/upload-sessions.ts";
import type { Database, Tables } from "./database.ts";
import { sequenceKey } from "./document-key.ts";
import { encodeRecord, headOf, parseValue, sequenceOf, setSequence } from "./record.ts";

/** Expired sessions that are dropped in one transaction, so that other writers are not kept waiting. */
const expireGroupMax = 500;
const legalId = /^[\x20-\x7e]{1,200}$/;

/** Unfinished uploads in the embedded database, in tables of their own. */
export class LocalSessions implements UploadSessions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    if (!legalId.test(id)) return undefined;
    this.#database.refresh();
    const record = this.#database.tables.sessions.getBinaryFast(id);
    if (record === undefined) return undefined;
    return { etag: sequenceKey(sequenceOf(record)), session: parseValue(record) as UploadSession };
  }

  async write(id: string, session: UploadSession, etag: string | undefined): Promise<"written" | "stale"> {
    if (!legalId.test(id)) throw new Error("not the id of an upload");
    const record = encodeRecord(session, undefined, session.expiresAt);
    return await this.#database.write(({ tables, nextSequence }) => {
      const stored = tables.sessions.getBinaryFast(id);
      const current = stored === undefined ? undefined : headOf(stored);
      const currentEtag = current === undefined ? undefined : sequenceKey(current.sequence);
      if (currentEtag !== etag) return "stale";
      if (current !== undefined) void tables.sessionExpiries.remove(expiryKey(current.expiresAt ?? 0, id));
      setSequence(record, nextSequence());
      void tables.sessions.put(id, record);
      void tables.sessionExpiries.put(expiryKey(headOf(record).expiresAt ?? 0, id), Buffer.from("-"));
      return "written";
    });
  }

  async expire(now: number): Promise<number> {
    let expired = 0;
    for (;;) {
      const dropped = await this.#database.write(({ tables }) => dropExpired(tables, now));
      expired += dropped;
      if (dropped < expireGroupMax) return expired;
    }
  }
}

function dropExpired(tables: Tables, now: number): number {
  const keys = [
    ...tables.sessionExpiries.getKeys({ start: "", end: expiryKey(now, ""), limit: expireGroupMax }),
  ];
  for (const key of keys) {
    void tables.sessionExpiries.remove(key);
    void tables.sessions.remove(key.slice(key.indexOf("\0") + 1));
  }
  return keys.length;
}

function expiryKey(seconds: number, id: string): string {
  return `${sequenceKey(Math.max(0, Math.ceil(seconds)))}\0${id}`;
}
