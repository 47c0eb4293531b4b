import type { RegistryAuth } from "../domain/access/registry-auth.ts";
import type { LifecyclePolicy } from "../domain/lifecycle.ts";
import type { RegistryName } from "../domain/name.ts";
import type { TierMonths } from "../domain/pricing/tier-months.ts";
import type { Tier } from "../domain/tiers/table.ts";
import type { Document } from "../ports/document-store.ts";

// Times are ms since 1970, sizes are bytes.

export interface RegistryNameDocument extends Document {
  readonly kind: "registry-name";
  readonly rid: string;
}

export interface RegistryPolicies {
  /** Accept manifests whose children are not in the repository, as mirrors of one platform need. */
  readonly sparseManifests: boolean;
  /** Blobs of up to so many bytes go through the registry instead of being redirected to, as closed networks need. Absent: 0. */
  readonly serveThroughBytesMax?: number;
  /** For how many days what is deleted can be restored. Absent, or not enabled: deletion is final. */
  readonly softDelete?: {
    readonly enabled: boolean;
    readonly days: number;
    /** When that was decided. */
    readonly updatedAt?: number;
  };
  /** What goes by itself. Absent: nothing. */
  readonly lifecycle?: LifecyclePolicy;
  /** Who may pull without logging in: from all repositories, or from those that are marked. Absent: nobody. */
  readonly anonymousPull?: "all" | "selected";
  /** From where the registry may be reached; rules are addresses and networks in CIDR notation. Absent: from everywhere. */
  readonly network?: { readonly defaultAction: "Allow" | "Deny"; readonly ipRules: readonly string[] };
  /** Only from the operator's private networks, whatever the rules. Absent: also from public ones. */
  readonly publicNetworkAccess?: "Disabled";
  /** Shown as it was given, and without effect: no service bypasses the rules. Absent: AzureServices. */
  readonly networkRuleBypassOptions?: "None";
  /** Content leaves through the registry alone. Absent: also by signed URLs. */
  readonly exportPolicy?: "disabled";
}

/** How many there are. Absent: not counted yet. */
export interface AccessCounts {
  readonly tokens?: number;
  readonly scopeMaps?: number;
  readonly trustRules?: number;
}

/** What is about to be stored, and may not be in the registry's usage figures yet. */
export interface QuotaDocument extends Document {
  readonly kind: "quota";
  readonly reserved: readonly { readonly bytes: number; readonly until: number }[];
}

export interface RegistryDocument extends Document {
  readonly kind: "registry";
  readonly name: RegistryName;
  readonly rid: string;
  /** `purged`: all that it had is gone, and only its name is kept for those who had it. */
  readonly state: "live" | "deleting" | "purged";
  /** The resource group, as it was spelled first. Absent: the deployment's own. */
  readonly group?: string;
  /** What its managers note of it. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Absent: Premium, as registries were before there were tiers. */
  readonly tier?: Tier;
  /** Which tiers it was of, until the tier changed last. Absent: it never has. */
  readonly tierMonths?: TierMonths;
  /** Absent while live. */
  readonly deletedAt?: number;
  /** Until when nobody but this resource group, in lower case, may make a registry of the name. Absent: it was free at once. */
  readonly reserved?: { readonly group: string; readonly until: number };
  readonly policies: RegistryPolicies;
  /** Absent: nothing was ever revoked. */
  readonly auth?: RegistryAuth;
  /** Of those who may touch it. */
  readonly accessCounts?: AccessCounts;
  /** Where new bytes of this registry go. */
  readonly storage: { readonly account: string; readonly container: string };
  readonly createdAt: number;
}
