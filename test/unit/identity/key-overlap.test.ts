import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { ensureKeys, rotateSigningKey } from "../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../shared/identity/stored-key-ring.ts";
import { MemoryKeyStore } from "../../../shared/memory/key-store.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const second = 1_000;
const { ports: samplePorts } = openMemoryPorts();
const skewMillis = samplePorts.graces.skewSeconds * second;

interface Process {
  readonly ring: StoredKeyRing;
  now(): number;
}

interface Token {
  readonly kid: string;
  readonly expiresAt: number;
}

const processes = 4;
const anyProcess = fc.nat(processes - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("sign" as const), by: anyProcess }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("verify" as const), by: anyProcess }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rotate" as const), by: anyProcess }) },
  // From a request to the next, and from one day's work to the next.
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.nat(180) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.nat(20_000) }) },
);

test("no process ever meets a token that works by its clock, and whose key it does not remember", async () => {
  const offsets = fc.array(fc.nat(skewMillis), { minLength: processes, maxLength: processes });
  await fc.assert(
    fc.asyncProperty(offsets, fc.array(step, { minLength: 20, maxLength: 120 }), async (ahead, steps) => {
      const { ports, clock } = openMemoryPorts();
      const store = new MemoryKeyStore();
      await ensureKeys(ports, store);
      const all: Process[] = ahead.map((offset) => {
        const now = () => clock.now() + offset;
        return { now, ring: new StoredKeyRing(store, { now }) };
      });
      const at = (index: number) => all[index] as Process;
      const tokens: Token[] = [];
      for (const one of steps) {
        if (one.kind === "wait") clock.advance(one.seconds * second);
        else if (one.kind === "rotate") await rotateSigningKey({ ...ports, clock: at(one.by) }, store);
        else if (one.kind === "sign") {
          const { kid } = await at(one.by).ring.signingKey();
          tokens.push({ kid, expiresAt: at(one.by).now() + limits.refreshTokenSeconds * second });
        } else {
          const live = tokens.filter(({ expiresAt }) => at(one.by).now() < expiresAt);
          // What it publishes is what it remembers: a look for what it does not know would hide a gap.
          const known = (await at(one.by).ring.publicKeys()).keys.map(({ kid }) => kid);
          expect(known).toEqual(expect.arrayContaining(live.map(({ kid }) => kid)));
        }
        // Reads behind an answer come to their end.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
