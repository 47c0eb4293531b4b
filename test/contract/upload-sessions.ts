import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestBytes, resumableHasher } from "../../shared/domain/hash.ts";
import type { SessionHash, UploadSession, UploadSessions } from "../../shared/ports/upload-sessions.ts";

/** What a store under test can do; an emulator may lack something that the real service has. */
export interface UploadSessionsCapabilities {
  /** Drops expired sessions, and says how many. */
  readonly expires: boolean;
}

export interface MadeUploadSessions {
  readonly store: UploadSessions;
  close(): Promise<void>;
}

const farAhead = 4_102_444_800;

function session(offset: number, expiresAt = farAhead): UploadSession {
  return { state: "open", algorithm: "sha256", offset, runs: [], hash: { kind: "none" }, expiresAt };
}

/** Everything that the port promises, for any store. @param make opens a store, which may hold other sessions already */
export function uploadSessionsContract(
  name: string,
  make: () => Promise<MadeUploadSessions>,
  capabilities: UploadSessionsCapabilities,
): void {
  describe(`${name} as UploadSessions`, () => {
    let made: MadeUploadSessions | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.close();
    });
    const store = () => {
      if (made === undefined) throw new Error("the store was not made");
      return made.store;
    };

    it("finds no session that was never written", async () => {
      expect(await store().read(randomUUID())).toBeUndefined();
    });

    it("gives a session back as it was written, in each of its states", async () => {
      const hasher = await resumableHasher("sha512");
      hasher.update(Buffer.from("some bytes"));
      const digest = digestBytes("sha256", Buffer.from("x"));
      const hashes: SessionHash[] = [
        { kind: "none" },
        { kind: "digest", digest },
        { kind: "state", state: hasher.save() },
      ];
      const runs = Array.from({ length: 500 }, (_, index) => ({
        nonce: `nonce-${index}`,
        blocks: index + 1,
      }));
      for (const state of ["open", "closed", "cancelled"] as const) {
        for (const hash of hashes) {
          const id = randomUUID();
          const closed = state === "closed" ? { digest, closedAt: 1_700_000_000_000 } : {};
          const written: UploadSession = { ...session(2 ** 40), state, hash, runs, ...closed };
          expect(await store().write(id, written, undefined)).toBe("written");
          expect((await store().read(id))?.session).toEqual(written);
        }
      }
    });

    it("writes only over the version that was read", async () => {
      const id = randomUUID();
      expect(await store().write(id, session(1), undefined)).toBe("written");
      expect(await store().write(id, session(2), undefined)).toBe("stale");
      const first = (await store().read(id))?.etag;
      expect(first).toBeDefined();
      expect(await store().write(id, session(3), first)).toBe("written");
      expect(await store().write(id, session(4), first)).toBe("stale");
      expect(await store().write(id, session(4), undefined)).toBe("stale");
      expect((await store().read(id))?.session.offset).toBe(3);
    });

    it("does not write under an etag where nothing is", async () => {
      const id = randomUUID();
      await store().write(id, session(1), undefined);
      const etag = (await store().read(id))?.etag;
      const absent = randomUUID();
      expect(await store().write(absent, session(2), etag)).toBe("stale");
      expect(await store().read(absent)).toBeUndefined();
    });

    it("changes the etag even when the session stays the same", async () => {
      const id = randomUUID();
      await store().write(id, session(1), undefined);
      const first = (await store().read(id))?.etag;
      await store().write(id, session(1), first);
      expect((await store().read(id))?.etag).not.toBe(first);
      expect(await store().write(id, session(2), first)).toBe("stale");
    });

    it("lets exactly one of several writers of one version win", async () => {
      const id = randomUUID();
      for (const rounds of [1, 2, 3]) {
        const etag = (await store().read(id))?.etag;
        const outcomes = await Promise.all(
          Array.from(
            { length: 6 },
            async (_, index) => await store().write(id, session(10 * rounds + index), etag),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(1);
        const winner = 10 * rounds + outcomes.indexOf("written");
        expect((await store().read(id))?.session.offset).toBe(winner);
      }
    });

    it("keeps sessions apart", async () => {
      const ids = Array.from({ length: 20 }, () => randomUUID());
      await Promise.all(ids.map(async (id, index) => await store().write(id, session(index), undefined)));
      for (const [index, id] of ids.entries()) expect((await store().read(id))?.session.offset).toBe(index);
    });

    it.runIf(capabilities.expires)("drops sessions that have expired, and no others", async () => {
      const [old, renewed, young] = [randomUUID(), randomUUID(), randomUUID()];
      await store().write(old, session(1, 1_000), undefined);
      await store().write(renewed, session(1, 1_000), undefined);
      await store().write(renewed, session(2, 3_000), (await store().read(renewed))?.etag);
      await store().write(young, session(3, 3_000), undefined);
      expect(await store().expire(999)).toBe(0);
      expect(await store().expire(2_000)).toBe(1);
      expect(await store().expire(2_000)).toBe(0);
      expect(await store().read(old)).toBeUndefined();
      expect((await store().read(renewed))?.session.offset).toBe(2);
      expect((await store().read(young))?.session.offset).toBe(3);
      expect(await store().expire(4_000)).toBe(2);
      expect(await store().read(young)).toBeUndefined();
    });

    it.runIf(capabilities.expires)("takes a dropped session's id again", async () => {
      const id = randomUUID();
      await store().write(id, session(1, 1_000), undefined);
      const etag = (await store().read(id))?.etag;
      await store().expire(2_000);
      expect(await store().write(id, session(2, 1_000), etag)).toBe("stale");
      expect(await store().write(id, session(2, 1_000), undefined)).toBe("written");
      await store().expire(2_000);
    });
  });
}
