import type { UserDelegationKey } from "@azure/storage-blob";
import { beforeEach, describe, expect, it } from "vitest";
import { DelegationKeys } from "../../../../shared/azure/storage/delegation-key.ts";

const hour = 3_600_000;
const minute = 60_000;

let now = 0;
let requests = 0;
let answer: () => Promise<void>;
let keys: DelegationKeys;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  requests = 0;
  answer = async () => {};
  keys = new DelegationKeys(
    async (startsOn, expiresOn) => {
      requests += 1;
      const value = `key ${requests}`;
      await answer();
      return { value, signedStartsOn: startsOn, signedExpiresOn: expiresOn } as UserDelegationKey;
    },
    () => now,
  );
});

const urlLife = 20 * minute;
const current = async () => (await keys.validUntil(now + urlLife)).value;

/** Lets what runs in the background come to its end. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

describe("a delegation key", () => {
  it("is asked for once, however many need it at once", async () => {
    const values = await Promise.all(Array.from({ length: 50 }, current));
    expect(new Set(values)).toEqual(new Set(["key 1"]));
    expect(requests).toBe(1);
  });

  it("serves for hours", async () => {
    await current();
    now += 5 * hour;
    expect(await current()).toBe("key 1");
    expect(requests).toBe(1);
  });

  it("begins a little before now, for clocks differ, and is no longer valid than the service allows", async () => {
    const key = await keys.validUntil(now + urlLife);
    expect(now - key.signedStartsOn.getTime()).toBe(5 * minute);
    expect(key.signedExpiresOn.getTime() - now).toBeLessThanOrEqual(7 * 24 * hour);
  });

  it("is renewed long before it ends, by one caller, while the others go on with the old one", async () => {
    await current();
    now += 7 * hour;
    const gate = Promise.withResolvers<void>();
    answer = () => gate.promise;
    expect(await Promise.all(Array.from({ length: 20 }, current))).toEqual(Array(20).fill("key 1"));
    expect(requests).toBe(2);
    gate.resolve();
    await settle();
    expect(await current()).toBe("key 2");
    expect(requests).toBe(2);
  });

  it("is kept while its renewal fails, which is tried again once a minute at most", async () => {
    await current();
    now += 7 * hour;
    answer = async () => {
      throw new Error("away");
    };
    for (let second = 0; second < 59; second++) {
      expect(await current()).toBe("key 1");
      await settle();
      now += 1_000;
    }
    expect(requests).toBe(2);
    now += 2_000;
    expect(await current()).toBe("key 1");
    await settle();
    expect(requests).toBe(3);
    answer = async () => {};
    now += 61_000;
    await current();
    await settle();
    expect(await current()).toBe("key 4");
  });

  it("outlives most of a day without the service, and then no URL is signed", async () => {
    await current();
    answer = async () => {
      throw new Error("away");
    };
    now += 23 * hour;
    expect(await current()).toBe("key 1");
    await settle();
    now += hour;
    now += 3_000;
    const before = requests;
    for (let times = 0; times < 5; times++) await expect(current()).rejects.toThrow("away");
    expect(requests).toBe(before + 1);
    answer = async () => {};
    now += 2_000;
    expect(await current()).toMatch(/^key \d+$/);
  });

  it("never serves a URL that would outlive it", async () => {
    await current();
    now += 24 * hour - urlLife + 1;
    expect(await current()).toBe("key 2");
  });
});
