import { describe, expect, test } from "vitest";
import { offerUpTo } from "../../../../shared/domain/tiers/overrides.ts";
import { beyondTier, notInTier } from "../../../../shared/domain/tiers/refusals.ts";
import { usualTiers } from "../../../../shared/domain/tiers/table.ts";

describe("who asks for more than his tier allows", () => {
  test("is told how much it allows, and which others allow more", () => {
    const refusal = beyondTier(usualTiers, "Basic", "tokensMax", "tokens");
    expect(refusal).toMatchObject({
      code: "DENIED",
      status: 403,
      message: "tier Basic allows 100 tokens; Standard allows 500, Premium 50,000",
      detail: { tier: "Basic", figure: "tokensMax", limit: 100 },
    });
    expect(beyondTier(usualTiers, "Standard", "tokensMax", "tokens").message).toBe(
      "tier Standard allows 500 tokens; Premium allows 50,000",
    );
    expect(beyondTier(usualTiers, "Premium", "tokensMax", "tokens").message).toBe(
      "tier Premium allows 50,000 tokens; no tier allows more",
    );
  });

  test("is not told of a tier that is not offered", () => {
    const upToStandard = offerUpTo(usualTiers, "Standard", "HIGHEST_TIER");
    expect(beyondTier(upToStandard, "Basic", "tokensMax", "tokens").message).toBe(
      "tier Basic allows 100 tokens; Standard allows 500",
    );
    expect(notInTier(upToStandard, "Standard", "retention", "lifecycle rules").message).toBe(
      "tier Standard does not include lifecycle rules; no tier does",
    );
  });

  test("is told bytes in units that they are whole numbers of", () => {
    const messageOf = (storageBytesMax: number) =>
      beyondTier(
        { ...usualTiers, Basic: { ...usualTiers.Basic, storageBytesMax } },
        "Basic",
        "storageBytesMax",
        "of storage",
      ).message;
    expect(messageOf(40 * 1024 ** 4)).toBe("tier Basic allows 40 TiB of storage; Premium allows 100 TiB");
    expect(messageOf(1536)).toMatch(/^tier Basic allows 1,536 bytes of storage; Standard allows 40 TiB, /);
    expect(messageOf(1536 * 1024)).toMatch(/ 1,536 KiB /);
    expect(messageOf(0)).toMatch(/ 0 bytes /);
  });

  test("gets another code, status and headers where the request has its own", () => {
    const options = { code: "SIZE_INVALID", status: 413, headers: { a: "b" } } as const;
    expect(beyondTier(usualTiers, "Basic", "layerBytesMax", "in one blob", options)).toMatchObject({
      ...options,
      message: "tier Basic allows 200 GiB in one blob; no tier allows more",
    });
  });
});

describe("who switches on what his tier does not include", () => {
  test("is told which others do", () => {
    expect(notInTier(usualTiers, "Basic", "anonymousPull", "pulls without login")).toMatchObject({
      code: "DENIED",
      status: 403,
      message: "tier Basic does not include pulls without login; Standard and Premium do",
      detail: { tier: "Basic", figure: "anonymousPull" },
    });
    expect(notInTier(usualTiers, "Standard", "retention", "lifecycle rules").message).toBe(
      "tier Standard does not include lifecycle rules; Premium does",
    );
    const none = { ...usualTiers, Premium: { ...usualTiers.Premium, retention: false } };
    expect(notInTier(none, "Premium", "retention", "lifecycle rules").message).toBe(
      "tier Premium does not include lifecycle rules; no tier does",
    );
  });
});
