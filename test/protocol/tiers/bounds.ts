import { RegistryError } from "../../../shared/domain/errors.ts";
import type { NumberFigure } from "../../../shared/domain/tiers/refusals.ts";
import type { TierFigures } from "../../../shared/domain/tiers/table.ts";
import { createTrustRule } from "../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { absentDigest, bytes, sha256 } from "../harness/content.ts";
import type { Answer } from "../harness/registry.ts";
import type { Tenant } from "./tenant.ts";

/** What is refused, whichever API says so. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Absent in the management API, whose errors have none. */
  readonly detail?: unknown;
  readonly retryAfter?: string;
  /** Asks the same once more, where that is of use. */
  readonly again?: () => Promise<Refusal | undefined>;
}

/** How a figure bounds something. */
export interface Bound {
  readonly status: number;
  readonly code: string;
  /** Of which there can be no more, as the refusal says. */
  readonly what: string;
  /** As the refusals of Basic, Standard and Premium say the usual figures. */
  readonly says: readonly [string, string, string];
  /** What an operator sets in its place. */
  readonly other: number;
  /** What the tier has to include besides. */
  readonly needs?: Partial<TierFigures>;
  /** Takes all that `limit` allows. @returns how it ends when one more is asked for; undefined: it is let through */
  exceed(tenant: Tenant, limit: number): Promise<Refusal | undefined>;
}

export function refusalIn({ status, headers, body }: Answer): Refusal | undefined {
  if (status < 400 || status === 404) return undefined;
  const { errors, error } = JSON.parse(body.toString()) as { errors?: readonly Refusal[]; error?: Refusal };
  const { "retry-after": retryAfter } = headers;
  const told = errors?.[0] ?? error;
  if (told === undefined) throw new Error(`no error in ${body.toString()}`);
  return { ...told, status, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

function demandAllowed(refusal: Refusal | undefined, limit: number): void {
  if (refusal !== undefined) throw new Error(`refused below ${limit}: ${JSON.stringify(refusal)}`);
}

const uploads = "/v2/app/blobs/uploads/";

/** So many of something that is counted, of which there are all but two already. */
function counted(
  count: "tokens" | "scopeMaps" | "trustRules",
  make: (tenant: Tenant, name: string) => Promise<Refusal | undefined>,
): Bound["exceed"] {
  return async (tenant, limit) => {
    const first = Math.min(limit, 500);
    await tenant.pretendCounts({ [count]: limit - first });
    for (let n = 1; n <= first; n++) demandAllowed(await make(tenant, `item-${n}`), limit);
    return await make(tenant, "one-more");
  };
}

const putToken = async (tenant: Tenant, name: string) => {
  const scopeMapId = `${pathOfScopeMaps(tenant)}/_repositories_pull`;
  return refusalIn(await tenant.manage("PUT", `/tokens/${name}`, { properties: { scopeMapId } }));
};

function pathOfScopeMaps({ registry }: Tenant): string {
  const scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop";
  return `${scope}/providers/Microsoft.ContainerRegistry/registries/${registry.name}/scopeMaps`;
}

const putScopeMap = async (tenant: Tenant, name: string, actions = 1) =>
  refusalIn(
    await tenant.manage("PUT", `/scopeMaps/${name}`, {
      properties: {
        actions: Array.from({ length: actions }, (_, n) => `repositories/app${n}/content/read`),
      },
    }),
  );

/** By the function that the admin command calls: the management API knows no trust rules. */
const addTrustRule = async ({ ports, registry }: Tenant, name: string): Promise<Refusal | undefined> => {
  try {
    await createTrustRule(ports, registry.rid, {
      name,
      issuer: "https://token.actions.githubusercontent.com",
      audience: "tenant1.localhost",
      conditions: [{ claim: "repository", values: ["octo/app"] }],
      scopeMap: "_repositories_push",
    });
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
};

/** As many requests at once as come in ten seconds of the minute, by so many users, and then one more. */
function rate(method: string, target: string, what: string, users: number): Pick<Bound, "exceed" | "what"> {
  return {
    what,
    exceed: async (tenant, limit) => {
      const names = Array.from({ length: users + 1 }, (_, n) => `user-${n}`);
      const all = await Promise.all(names.map(async (name) => await tenant.addUser(name)));
      const ask = async (as: string | undefined) =>
        refusalIn(await tenant.send(method, target, as === undefined ? {} : { as }));
      for (let n = 0; n < Math.floor(limit / 6); n++) demandAllowed(await ask(all[n % users]), limit);
      const again = async () => await ask(all[users === 1 ? 0 : users]);
      const refusal = await again();
      return refusal && { ...refusal, again };
    },
  };
}

const reads = ["GET", "/v2/app/tags/list"] as const;
const writes = ["POST", uploads] as const;
const deletes = ["DELETE", `/v2/app/blobs/${absentDigest}`] as const;
const referrers = ["GET", `/v2/app/referrers/${absentDigest}`] as const;
const tooMany = { status: 429, code: "TOOMANYREQUESTS", other: 6 } as const;
const denied = { status: 403, code: "DENIED" } as const;
/** Of the management API. */
const forbidden = { status: 403, code: "Forbidden" } as const;
const each = "a minute by one identity";
/** More than two, each of whom may ask for half of what the whole registry may. */
const several = 3;

export const bounds: Readonly<Partial<Record<NumberFigure, Bound>>> = {
  storageBytesMax: {
    ...denied,
    what: "of storage",
    says: ["40 TiB", "40 TiB", "100 TiB"],
    other: 1_000,
    exceed: async (tenant, limit) => {
      await tenant.pretendStored(limit - 600);
      const push = async (content: Uint8Array) =>
        refusalIn(await tenant.send("POST", `${uploads}?digest=${sha256(content)}`, { body: content }));
      demandAllowed(await push(bytes(600)), limit);
      return await push(bytes(1));
    },
  },
  layerBytesMax: {
    status: 413,
    code: "SIZE_INVALID",
    what: "in one blob",
    says: ["200 GiB", "200 GiB", "200 GiB"],
    other: 1_000,
    exceed: async (tenant, limit) => {
      const announced = async (length: number, content: Uint8Array) =>
        refusalIn(
          await tenant.send("POST", `${uploads}?digest=${sha256(content)}`, {
            body: content,
            headers: { "content-length": String(length) },
          }),
        );
      // Nobody sends 200 GiB here.
      if (limit < 10_000) demandAllowed(await announced(limit, bytes(limit)), limit);
      return await announced(limit + 1, bytes(1));
    },
  },
  manifestBytesMax: {
    status: 413,
    code: "MANIFEST_INVALID",
    what: "in one manifest",
    says: ["4 MiB", "4 MiB", "4 MiB"],
    other: 1_000,
    exceed: async (tenant, limit) => {
      const put = async (length: number) =>
        refusalIn(
          await tenant.send("PUT", "/v2/app/manifests/v1", {
            body: indexOf(length),
            headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
          }),
        );
      demandAllowed(await put(limit), limit);
      return await put(limit + 1);
    },
  },
  tokensMax: {
    ...forbidden,
    what: "tokens",
    says: ["100", "500", "50,000"],
    other: 3,
    exceed: counted("tokens", putToken),
  },
  scopeMapsMax: {
    ...forbidden,
    what: "scope maps",
    says: ["100", "500", "50,000"],
    other: 3,
    exceed: counted("scopeMaps", putScopeMap),
  },
  scopeMapActionsMax: {
    ...forbidden,
    what: "actions of one scope map",
    says: ["500", "500", "500"],
    other: 3,
    exceed: async (tenant, limit) => {
      demandAllowed(await putScopeMap(tenant, "full-map", limit), limit);
      return await putScopeMap(tenant, "more-map", limit + 1);
    },
  },
  trustRulesMax: {
    ...denied,
    what: "trust rules",
    says: ["100", "100", "100"],
    other: 3,
    exceed: counted("trustRules", addTrustRule),
  },
  ipRulesMax: {
    ...forbidden,
    what: "IP rules",
    says: ["0", "0", "200"],
    other: 3,
    needs: { networkRules: true },
    exceed: async (tenant, limit) => {
      const allow = async (count: number) => {
        const ipRules = Array.from({ length: count }, (_, n) => ({
          action: "Allow",
          value: `203.0.113.${n}`,
        }));
        return refusalIn(await tenant.manage("PATCH", "", { properties: { networkRuleSet: { ipRules } } }));
      };
      demandAllowed(await allow(limit), limit);
      return await allow(limit + 1);
    },
  },
  readsPerMinute: {
    ...tooMany,
    says: ["10,000", "10,000", "20,000"],
    ...rate(...reads, "reads a minute", several),
  },
  readsPerMinuteEach: {
    ...tooMany,
    says: ["5,000", "5,000", "10,000"],
    ...rate(...reads, `reads ${each}`, 1),
  },
  writesPerMinute: {
    ...tooMany,
    says: ["2,000", "2,000", "4,000"],
    ...rate(...writes, "writes a minute", several),
  },
  writesPerMinuteEach: {
    ...tooMany,
    says: ["1,000", "1,000", "2,000"],
    ...rate(...writes, `writes ${each}`, 1),
  },
  deletesPerMinute: {
    ...tooMany,
    says: ["1,000", "1,000", "4,000"],
    ...rate(...deletes, "deletes a minute", several),
  },
  deletesPerMinuteEach: {
    ...tooMany,
    says: ["500", "500", "2,000"],
    ...rate(...deletes, `deletes ${each}`, 1),
  },
  referrersPerMinute: {
    ...tooMany,
    says: ["500", "500", "2,000"],
    ...rate(...referrers, "lists of referrers a minute", several),
  },
  referrersPerMinuteEach: {
    ...tooMany,
    says: ["250", "250", "1,000"],
    ...rate(...referrers, `lists of referrers ${each}`, 1),
  },
  tokenRequestsPerMinute: {
    ...tooMany,
    says: ["10,000", "10,000", "20,000"],
    ...rate("GET", "/oauth2/token?scope=repository:app:pull", "token requests a minute", several),
  },
};

/** An index of exactly so many bytes. */
function indexOf(length: number): string {
  const json = (pad: string) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
      annotations: { pad },
    });
  return json("p".repeat(length - json("").length));
}
