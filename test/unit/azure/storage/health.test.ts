import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Endpoint, StorageHealth } from "../../../../shared/azure/storage/health.ts";

const minute = 60_000;
const period = 10_000;
const unavailable = expect.objectContaining({ code: "UNAVAILABLE", headers: { "retry-after": "10" } });

let up: Record<Endpoint, boolean>;
let lastSync: number | undefined;
let probes: Endpoint[];
let lastSyncReads: number;
let health: StorageHealth;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  up = { primary: true, secondary: true };
  lastSync = Date.now();
  probes = [];
  lastSyncReads = 0;
  health = open(true);
});

afterEach(() => {
  health.close();
  vi.useRealTimers();
});

function open(secondary: boolean): StorageHealth {
  return new StorageHealth({
    now: Date.now,
    secondary,
    probe: async (endpoint) => {
      probes.push(endpoint);
      if (!up[endpoint]) throw new Error("away");
    },
    lastSync: async () => {
      lastSyncReads += 1;
      return lastSync;
    },
  });
}

/** Looks until it is known how things are. */
async function look(): Promise<void> {
  const looking = health.confirm();
  await vi.advanceTimersByTimeAsync(1_000);
  await looking;
}

async function write(): Promise<string> {
  return await health.atPrimary(new AbortController().signal, async () => "written");
}

const old = () => Date.now() - 60 * minute;

describe("the health of a storage account", () => {
  it("is taken for good at first, and looked at from the first read on", async () => {
    expect(health.route(undefined)).toBe("primary");
    await vi.advanceTimersByTimeAsync(0);
    expect(probes).toEqual(["primary"]);
    expect(lastSyncReads).toBe(1);
  });

  it("is looked at once a period while all is well", async () => {
    for (let second = 0; second < 60; second++) {
      health.route(undefined);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(probes).toEqual(Array(7).fill("primary"));
    expect(lastSyncReads).toBe(1);
  });

  it("is left alone when nobody reads, and when there is no second endpoint", async () => {
    health.route(undefined);
    await vi.advanceTimersByTimeAsync(60 * minute);
    const before = probes.length;
    expect(before).toBeLessThan(65);
    await vi.advanceTimersByTimeAsync(60 * minute);
    expect(probes).toHaveLength(before);
    health.route(undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(probes).toHaveLength(before + 1);

    health.close();
    probes = [];
    const alone = open(false);
    alone.route(undefined);
    alone.observe("primary", false);
    await vi.advanceTimersByTimeAsync(minute);
    expect(probes).toEqual([]);
    expect(alone.route(undefined)).toBe("primary");
  });

  it("turns within a period and a moment when the primary goes away", async () => {
    health.route(old());
    await vi.advanceTimersByTimeAsync(1_000);
    up.primary = false;
    await vi.advanceTimersByTimeAsync(period + 500);
    expect(health.route(old())).toBe("secondary");
  });

  it("turns in a moment when a real call has failed", async () => {
    health.route(old());
    await vi.advanceTimersByTimeAsync(1_000);
    up.primary = false;
    health.observe("primary", false);
    await vi.advanceTimersByTimeAsync(500);
    expect(health.route(old())).toBe("secondary");
  });

  it("does not turn for one failure, nor for real calls that fail while the canary sings", async () => {
    health.route(old());
    await vi.advanceTimersByTimeAsync(1_000);
    up.primary = false;
    health.observe("primary", false);
    await vi.advanceTimersByTimeAsync(100);
    up.primary = true;
    await vi.advanceTimersByTimeAsync(period);
    expect(health.route(old())).toBe("primary");
    for (let times = 0; times < 20; times++) {
      health.observe("primary", false);
      await vi.advanceTimersByTimeAsync(300);
      expect(health.route(undefined)).toBe("primary");
    }
  });

  it("sends nobody to bytes that may not have arrived", async () => {
    up.primary = false;
    const synced = lastSync ?? 0;
    await look();
    expect(() => health.route(undefined)).toThrow(unavailable);
    expect(() => health.route(synced)).toThrow(unavailable);
    expect(() => health.route(synced - minute)).toThrow(unavailable);
    expect(health.route(synced - minute - 1)).toBe("secondary");
  });

  it("keeps the last sync time that it knows when it can get no other, and follows one that moves", async () => {
    const first = lastSync ?? 0;
    up.primary = false;
    await look();
    lastSync = undefined;
    await vi.advanceTimersByTimeAsync(minute);
    expect(health.route(first - 2 * minute)).toBe("secondary");
    lastSync = first + 30 * minute;
    health.route(first - 2 * minute);
    await vi.advanceTimersByTimeAsync(period + 500);
    expect(health.route(first + 20 * minute)).toBe("secondary");
    // After a failover the service may tell an earlier time: it is the one that counts.
    lastSync = first - 10 * minute;
    await vi.advanceTimersByTimeAsync(period + 500);
    expect(() => health.route(first - 2 * minute)).toThrow(unavailable);
  });

  it("says that both are away", async () => {
    up = { primary: false, secondary: false };
    await look();
    expect(() => health.route(old())).toThrow(unavailable);
    await expect(write()).rejects.toEqual(unavailable);
  });

  it("lets go who waits for the primary when that goes down, and nobody before", async () => {
    let aborted = false;
    const waiting = health.atPrimary(new AbortController().signal, async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted = true;
    });
    await vi.advanceTimersByTimeAsync(period);
    expect(aborted).toBe(false);
    up.primary = false;
    await vi.advanceTimersByTimeAsync(period + 1_000);
    await waiting;
    expect(aborted).toBe(true);
  });

  it("passes on that a call has taken its time", async () => {
    const controller = new AbortController();
    const reason = health.atPrimary(
      controller.signal,
      async (signal) =>
        await new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason))),
    );
    controller.abort("late");
    expect(await reason).toBe("late");
  });

  it("turns back after two good answers, and finds out by itself even when there are only writes", async () => {
    up.primary = false;
    await look();
    await expect(write()).rejects.toEqual(unavailable);
    up.primary = true;
    await vi.advanceTimersByTimeAsync(period + 1_000);
    expect(await write()).toBe("written");
    expect(health.route(undefined)).toBe("primary");
  });

  it("lets many wait for one look", async () => {
    await Promise.all(Array.from({ length: 10 }, () => health.confirm()));
    expect(probes).toEqual(["primary"]);
  });
});
