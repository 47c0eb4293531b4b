import type { StoredSession, UploadSession, UploadSessions } from "../ports/upload-sessions.ts";
import { type Bend, bentChange, bentRead, type Call } from "./bend.ts";

/** Sessions in a map. */
export class MemorySessions {
  readonly #sessions = new Map<string, StoredSession>();
  #etags = 0;

  /** The port onto these sessions. Several, bent in different ways, share them. */
  store(bend: Bend = {}): UploadSessions {
    const call = (name: string, subject: string): Call => ({ port: "sessions", name, subject });
    return {
      read: async (id) => await bentRead(bend, call("read", id), () => this.#sessions.get(id)),
      write: async (id, session, etag) =>
        await bentChange(bend, call("write", id), () => this.#write(id, session, etag)),
      expire: async (now) => await bentChange(bend, call("expire", ""), () => this.#expire(now)),
    };
  }

  #write(id: string, session: UploadSession, etag: string | undefined): "written" | "stale" {
    if (this.#sessions.get(id)?.etag !== etag) return "stale";
    this.#sessions.set(id, { session: structuredClone(session), etag: `"${++this.#etags}"` });
    return "written";
  }

  #expire(now: number): number {
    let dropped = 0;
    for (const [id, { session }] of this.#sessions) {
      if (session.expiresAt >= now) continue;
      this.#sessions.delete(id);
      dropped += 1;
    }
    return dropped;
  }
}
