import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { asTier, type Tier, tiers } from "../../domain/tiers/table.ts";
import { revocationKeys } from "../../identity/principal.ts";
import type { RegistryChange } from "../../tenancy/change-registry.ts";
import { malformed } from "../json.ts";
import { type PolicyChange, parseAnonymousPull, parsePolicies } from "./parse-policies.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a body asks of a registry. */
export interface RegistryRequest {
  readonly tier?: Tier;
  readonly tags?: NonNullable<RegistryChange["tags"]>;
  /** Undefined: none is named. */
  readonly policies?: PolicyChange;
  /** Whether the admin user is to be on. */
  readonly adminUser?: boolean;
  /** What is made worthless by it, of `revocationKeys`. */
  readonly revokes: readonly string[];
}

const changeable =
  "a registry has sku, tags, and properties with policies, adminUserEnabled, anonymousPullEnabled and anonymousPullRepositories; nothing else can be changed";

/** What a resource is shown with, and may be sent back with: nobody chooses it. */
const shown: ReadonlySet<string> = new Set(["id", "name", "type", "systemData"]);
const shownProperties: ReadonlySet<string> = new Set(["loginServer", "creationDate", "provisioningState"]);

/** Properties that have one value here, by which clients ask for what there is anyway. */
const only: Json = {
  dataEndpointEnabled: false,
  networkRuleBypassOptions: "AzureServices",
  publicNetworkAccess: "Enabled",
  zoneRedundancy: "Disabled",
};

/**
 * The body of a PATCH: some of what a registry has; what is not named stays.
 * @throws RegistryError UNSUPPORTED with status 400
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/update
 */
export function parseUpdate(body: Json): RegistryRequest {
  const { sku, tags, properties, ...others } = body;
  if (Object.keys(others).length > 0) throw malformed(changeable);
  const request = {
    ...(sku === undefined ? {} : { tier: parseSku(sku) }),
    ...(tags === undefined ? {} : { tags: parseTags(tags) }),
    ...parseProperties(properties),
  };
  if (Object.keys(request).length === 1) throw malformed(changeable);
  return request;
}

/**
 * The body of a PUT: a whole registry. Tags that are not there are none; properties that are not named are as usual, or stay.
 * @param region where registries can be
 * @throws RegistryError of status 400
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/create
 */
export function parseWhole(body: Json, region: string): RegistryRequest & { readonly tier: Tier } {
  const { sku, tags, location, properties, identity, ...others } = body;
  for (const field of Object.keys(others)) if (!shown.has(field)) throw malformed(changeable);
  if (identity !== undefined && identity !== null && (identity as Json)["type"] !== "None")
    throw malformed("a registry has no identity here");
  demandLocation(location, region);
  return { tier: parseSku(sku), tags: parseTags(tags ?? {}), ...parseProperties(properties) };
}

function demandLocation(location: unknown, region: string): void {
  if (location === undefined) {
    throw new RegistryError("UNSUPPORTED", {
      status: 400,
      managementCode: "LocationRequired",
      message: "The location property is required for this definition.",
    });
  }
  // As in `West Europe`.
  if (typeof location === "string" && location.replaceAll(" ", "").toLowerCase() === region) return;
  throw new RegistryError("UNSUPPORTED", {
    status: 400,
    managementCode: "LocationNotAvailableForResourceType",
    message: `The provided location is not available for resource type 'Microsoft.ContainerRegistry/registries'. List of available regions for the resource type is '${region}'.`,
  });
}

function parseSku(value: unknown): Tier {
  const name = typeof value === "object" && value !== null ? (value as Json)["name"] : undefined;
  const tier = typeof name === "string" ? asTier(name) : undefined;
  if (tier === undefined) throw malformed(`sku.name is ${tiers.join(", ")}`);
  return tier;
}

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
function parseTags(value: unknown): Readonly<Record<string, string>> {
  const [nameMax, valueMax] = [limits.resourceTagNameCharsMax, limits.resourceTagValueCharsMax];
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("tags is an object with a text for each name");
  const entries = Object.entries(value as Json);
  if (entries.length > limits.resourceTagsMax)
    throw malformed(`a registry has at most ${limits.resourceTagsMax} tags`);
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  if (names.size < entries.length) throw malformed("no two tags have the same name, in whichever case");
  return Object.fromEntries(
    entries.map(([name, text]): [string, string] => {
      if (name === "" || name.length > nameMax || /[<>%&\\?/\p{Cc}]/u.test(name))
        throw malformed(`a tag's name is 1 to ${nameMax} characters, and none of < > % & \\ ? /`);
      if (typeof text !== "string" || text.length > valueMax)
        throw malformed(`a tag's value is a text of at most ${valueMax} characters`);
      return [name, text];
    }),
  );
}

function parseProperties(value: unknown): Pick<RegistryRequest, "policies" | "adminUser" | "revokes"> {
  if (value === undefined) return { revokes: [] };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("properties is an object");
  const { policies, adminUserEnabled, anonymousPullEnabled, anonymousPullRepositories, ...others } =
    value as Json;
  let named = 0;
  for (const [name, given] of Object.entries(others)) {
    if (shownProperties.has(name)) continue;
    if (!Object.hasOwn(only, name)) throw malformed(changeable);
    if (given !== only[name]) throw malformed(`${name} is ${String(only[name])} here`);
    named += 1;
  }
  if (adminUserEnabled !== undefined && typeof adminUserEnabled !== "boolean")
    throw malformed("adminUserEnabled is true or false");
  const adminUser = adminUserEnabled === undefined ? {} : { adminUser: adminUserEnabled };
  const anonymousPull = parseAnonymousPull(anonymousPullEnabled, anonymousPullRepositories);
  const parts = [anonymousPull, policies === undefined ? undefined : parsePolicies(policies)].filter(
    (part) => part !== undefined,
  );
  if (parts.length + named === 0) return { ...adminUser, revokes: [] };
  return {
    ...adminUser,
    policies: (before, now) => parts.reduce((changed, part) => part(changed, now), before),
    // Whoever pulls without a login may hold a token all the same.
    revokes: anonymousPull === undefined ? [] : [revocationKeys.anonymous],
  };
}
