import { readEntraSettings } from "../../../shared/identity/federation/settings.ts";
import { AskedIssuers } from "../../support/asked-issuers.ts";
import { entraClaims, OidcIssuer } from "../../support/oidc-issuer.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";
import { pathOf, subscription, version } from "../management/registry-rows.ts";

export const tokenUser = "00000000-0000-0000-0000-000000000000";
export const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const entra = new OidcIssuer(() => Date.now(), `https://sts.windows.net/${tenantId}/`);
await entra.addKey();

/** Who has which role; absent scope: everything. */
export interface Assigned {
  readonly principal: string;
  readonly role: string;
  readonly scope?: string;
}

export const scopes = {
  group: (group: string) => `${subscription}/resourceGroups/${group}`,
  registry: pathOf,
};

/** The object id of the identity of that number. */
export function oidOf(number: number): string {
  return `c0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** What Entra gives the identity for the registry. */
export async function tokenOf(oid: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return await entra.sign({ claims: { ...entraClaims(tenantId), oid, groups: [], ...claims } });
}

/** What the configuration says. */
export function assignmentsOf(assigned: readonly Assigned[]) {
  const settings = readEntraSettings(
    { ENTRA_TENANT_ID: tenantId, ROLE_ASSIGNMENTS: JSON.stringify(assigned) },
    tokenUser,
  );
  if (settings === undefined) throw new Error("there is a tenant");
  return settings;
}

/** A registry whose configuration gives these roles, with registries in two resource groups. */
export async function openRoles(assigned: readonly Assigned[]): Promise<GuardedRegistry> {
  const issuers = new AskedIssuers();
  issuers.add(entra);
  const guarded = await openGuardedRegistry({ issuers, entra: assignmentsOf(assigned) });
  const authorization = basic("administrator", guarded.administrator);
  for (const [group, name] of registries) {
    const body = JSON.stringify({ location: "local", sku: { name: "Premium" } });
    const answer = await manage(guarded, authorization, "PUT", pathOf(group, name), body);
    if (answer.status !== 201) throw new Error(answer.body.toString());
  }
  return guarded;
}

/** Those that there are, by group. */
export const registries = [
  ["team", "apps01"],
  ["team", "apps02"],
  ["team-b", "beta01"],
] as const;

export async function manage(
  { send }: Pick<GuardedRegistry, "send">,
  authorization: string,
  method: string,
  path: string,
  body?: string,
  query = version,
): Promise<Answer> {
  return await send({
    method,
    target: `${path}?${query}`,
    headers: { authorization, "content-type": "application/json" },
    body: body === undefined ? undefined : [Buffer.from(body)],
  });
}
