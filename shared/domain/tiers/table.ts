/** What a registry is sold as, from the least to the most. @see https://learn.microsoft.com/azure/container-registry/container-registry-skus */
export const tiers = ["Basic", "Standard", "Premium"] as const;
export type Tier = (typeof tiers)[number];

/** What a tier allows. A figure is a whole number of its unit, a feature is allowed or not. */
export interface TierFigures {
  /** Whether registries may be made of it, and become of it; those that are of it already stay. */
  readonly offered: boolean;
  /** Bytes that the price of the tier includes; more are charged. */
  readonly includedBytes: number;
  /** Bytes that a registry can store. */
  readonly storageBytesMax: number;
  readonly layerBytesMax: number;
  readonly manifestBytesMax: number;

  readonly tokensMax: number;
  readonly scopeMapsMax: number;
  readonly scopeMapActionsMax: number;
  readonly trustRulesMax: number;
  readonly webhooksMax: number;
  readonly ipRulesMax: number;
  /** Regions, the first of which is the registry's own. */
  readonly regionsMax: number;

  // Requests a minute, of the whole registry and of one identity; nobody in particular is one identity.
  /** GET, HEAD */
  readonly readsPerMinute: number;
  readonly readsPerMinuteEach: number;
  /** PUT, PATCH, POST */
  readonly writesPerMinute: number;
  readonly writesPerMinuteEach: number;
  /** DELETE */
  readonly deletesPerMinute: number;
  readonly deletesPerMinuteEach: number;
  /** Lists of referrers, which count as reads too. */
  readonly referrersPerMinute: number;
  readonly referrersPerMinuteEach: number;
  /** Requests to the token service. */
  readonly tokenRequestsPerMinute: number;

  /** Pulls without login. */
  readonly anonymousPull: boolean;
  /** Lifecycle rules. */
  readonly retention: boolean;
  readonly softDelete: boolean;
  /** Allowed addresses, and no access from public networks. */
  readonly networkRules: boolean;
  /** To forbid that content is exported. */
  readonly exportPolicy: boolean;
}

export type TierTable = Readonly<Record<Tier, TierFigures>>;

const gibibyte = 1024 ** 3;
const tebibyte = 1024 * gibibyte;
const mebibyte = 1024 ** 2;

const basic: TierFigures = {
  offered: true,
  includedBytes: 10 * gibibyte,
  storageBytesMax: 40 * tebibyte,
  layerBytesMax: 200 * gibibyte,
  manifestBytesMax: 4 * mebibyte,
  tokensMax: 100,
  scopeMapsMax: 100,
  scopeMapActionsMax: 500,
  trustRulesMax: 100,
  webhooksMax: 2,
  ipRulesMax: 0,
  regionsMax: 1,
  readsPerMinute: 10_000,
  readsPerMinuteEach: 5_000,
  writesPerMinute: 2_000,
  writesPerMinuteEach: 1_000,
  deletesPerMinute: 1_000,
  deletesPerMinuteEach: 500,
  referrersPerMinute: 500,
  referrersPerMinuteEach: 250,
  tokenRequestsPerMinute: 10_000,
  anonymousPull: false,
  retention: false,
  softDelete: true,
  networkRules: false,
  exportPolicy: false,
};

const standard: TierFigures = {
  ...basic,
  includedBytes: 100 * gibibyte,
  tokensMax: 500,
  scopeMapsMax: 500,
  webhooksMax: 10,
  anonymousPull: true,
};

const premium: TierFigures = {
  ...standard,
  includedBytes: 500 * gibibyte,
  storageBytesMax: 100 * tebibyte,
  tokensMax: 50_000,
  scopeMapsMax: 50_000,
  webhooksMax: 500,
  ipRulesMax: 200,
  regionsMax: 100,
  readsPerMinute: 20_000,
  readsPerMinuteEach: 10_000,
  writesPerMinute: 4_000,
  writesPerMinuteEach: 2_000,
  deletesPerMinute: 4_000,
  deletesPerMinuteEach: 2_000,
  referrersPerMinute: 2_000,
  referrersPerMinuteEach: 1_000,
  tokenRequestsPerMinute: 20_000,
  retention: true,
  networkRules: true,
  exportPolicy: true,
};

/** What the tiers of Azure Container Registry allow, which is what they allow here unless the operator says otherwise. */
export const usualTiers: TierTable = { Basic: basic, Standard: standard, Premium: premium };

export function asTier(text: string): Tier | undefined {
  return tiers.find((tier) => tier.toLowerCase() === text.toLowerCase());
}

/** Registries were made without a tier once, and had all that there is. */
export function tierOf({ tier = "Premium" }: { readonly tier?: Tier }): Tier {
  return tier;
}

export function figuresOf(table: TierTable, registry: { readonly tier?: Tier }): TierFigures {
  return table[tierOf(registry)];
}
