import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { absentDigest } from "../harness/content.ts";
import { basic } from "../harness/guarded-registry.ts";

// Rate limits as processes hold them, each for itself, over HTTP.

const perMinute = 1_200;
const seconds = 6;
/** Ten seconds' worth at once, and then steadily. */
const allowed = (perMinute / 60) * (10 + seconds);
const clients = 8;
const figures = { readsPerMinute: perMinute, readsPerMinuteEach: perMinute, deletesPerMinuteEach: 6 };

let folder: string;
let running: RunningRegistry[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-rates-"));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map(async (registry) => await registry.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** Processes on one store. @returns how the administrator asks one of them */
async function start(instances: number) {
  const environment = {
    AUTH: "true",
    DEFAULT_TIER: "Basic",
    TIERS: JSON.stringify({ Basic: figures }),
    EXPECTED_INSTANCES: String(instances),
    DATA_DIR: join(folder, "data"),
  };
  for (let n = 0; n < instances; n++) {
    const own = await mkdtemp(join(folder, "instance-"));
    running.push(await startRegistry({ folder: own, environment }));
  }
  const { username, passwords } = await administer(
    environment,
    undefined,
    async (admin) => await admin.resetAdministrator(),
  );
  const authorization = basic(username, passwords.password ?? "");
  return async (at: number, method: string, target: string): Promise<Response> => {
    const answer = await fetch(`http://${running[at]?.host}${target}`, {
      method,
      headers: { authorization },
    });
    await answer.arrayBuffer();
    return answer;
  };
}

test.each([1, 4])(
  "%i instances let through together what the tier allows, within 5 %, and tell when to come back",
  async (instances) => {
    const ask = await start(instances);
    for (let at = 0; at < instances; at++)
      expect((await ask(at, "POST", "/v2/app/blobs/uploads/")).status).toBe(202);
    let admitted = 0;
    let refused = 0;
    const until = performance.now() + seconds * 1000;
    const client = async (first: number) => {
      for (let n = first; performance.now() < until; n++) {
        const { status } = await ask(n % instances, "GET", "/v2/app/tags/list");
        if (status === 404) admitted += 1;
        else if (status === 429) refused += 1;
        else expect.fail(`${status}`);
      }
    };
    await Promise.all(Array.from({ length: clients }, async (_, n) => await client(n)));
    process.stdout.write(
      `${instances} instances: ${admitted} let through of ${allowed}, ${refused} refused\n`,
    );
    // Nothing is shown by requests that are fewer than are allowed.
    expect(refused).toBeGreaterThan(clients);
    expect(admitted / allowed).toBeGreaterThan(0.95);
    expect(admitted / allowed).toBeLessThan(1.05);

    // One at once, of each instance, and the next when it has said.
    const target = `/v2/app/blobs/${absentDigest}`;
    expect((await ask(0, "DELETE", target)).status).toBe(404);
    const told = async () => {
      const answer = await ask(0, "DELETE", target);
      expect(answer.status).toBe(429);
      return Number(answer.headers.get("retry-after"));
    };
    const first = await told();
    expect(first).toBeGreaterThan(10 * instances - 2);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const later = await told();
    expect(first - later).toBeGreaterThanOrEqual(1);
    expect(first - later).toBeLessThanOrEqual(4);
  },
);
