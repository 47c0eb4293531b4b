import { markAnonymousPull } from "../../../shared/catalog/locks/mark-anonymous-pull.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import { readEntraSettings } from "../../../shared/identity/federation/settings.ts";
import { createTrustRule } from "../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { disableAdminUser } from "../../../shared/identity/manage/users/disable-admin-user.ts";
import { enableAdminUser } from "../../../shared/identity/manage/users/enable-admin-user.ts";
import { revokeAll } from "../../../shared/identity/revoke.ts";
import { AskedIssuers } from "../../support/asked-issuers.ts";
import { entraClaims, githubClaims, OidcIssuer } from "../../support/oidc-issuer.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

/** A registry of its own, `local` with the repository `team/app`, whose clock a test sets. */
interface World extends GuardedRegistry {
  /** Lets seconds pass. */
  wait(seconds: number): void;
}

/** How somebody comes. */
export interface Coming {
  readonly to: GuardedRegistry;
  readonly headers: Readonly<Record<string, string>>;
}

const app = "team/app" as RepositoryName;
const tokenUser = "00000000-0000-0000-0000-000000000000";
const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const github = new OidcIssuer(() => Date.now(), "https://token.actions.githubusercontent.com");
const entra = new OidcIssuer(() => Date.now(), `https://sts.windows.net/${tenantId}/`);
await Promise.all([github.addKey(), entra.addKey()]);

export const actions = [
  "pull",
  "push",
  "delete",
  "metadata_read",
  "metadata_write",
  "deleted_read",
  "deleted_restore",
] as const;

/** Object ids of identities of Entra, by the roles that they have. */
const entraIds = {
  contributor: "c0000000-0000-4000-8000-000000000001",
  reader: "c0000000-0000-4000-8000-000000000002",
  pusher: "c0000000-0000-4000-8000-000000000003",
  nobody: "c0000000-0000-4000-8000-000000000004",
} as const;

async function openWorld(anonymousPull?: "all" | "selected", marked = false): Promise<World> {
  let now = Date.now();
  const issuers = new AskedIssuers();
  issuers.add(github, entra);
  const { oid } = entraClaims(tenantId) as { oid: string };
  const assigned = [
    { principal: entraIds.contributor, role: "Contributor" },
    { principal: entraIds.reader, role: "Reader" },
    { principal: entraIds.pusher, role: "AcrPush" },
  ];
  const settings = readEntraSettings(
    {
      ENTRA_TENANT_ID: tenantId,
      ENTRA_ADMINISTRATORS: oid,
      ROLE_ASSIGNMENTS: JSON.stringify(assigned),
    },
    "00000000-0000-0000-0000-000000000000",
  );
  const guarded = await openGuardedRegistry({
    now: () => now,
    issuers,
    ...(settings === undefined ? {} : { entra: settings }),
  });
  const { ports } = guarded;
  const name = guarded.registry.name;
  const registry = await ensureRegistry(ports, name, {
    sparseManifests: false,
    ...(anonymousPull === undefined ? {} : { anonymousPull }),
  });
  await ensureRepository(ports, registry, app);
  if (marked) await markAnonymousPull(ports, registry, app, true);
  const wait = (seconds: number) => {
    now += seconds * 1000;
  };
  return { ...guarded.another(), wait };
}

const by = (to: GuardedRegistry, authorization: string, host = "localhost"): Coming => ({
  to,
  headers: { authorization, host },
});

const admin = ({ administrator }: GuardedRegistry) => basic("administrator", administrator);

/** Without credentials. */
export const anonymous =
  (anonymousPull?: "all" | "selected", marked?: boolean) => async (): Promise<Coming> => {
    const world = await openWorld(anonymousPull, marked);
    return { to: world, headers: {} };
  };

/** With an access token of nobody's. */
export const anonymousToken = (anonymousPull?: "all") => async (): Promise<Coming> => {
  const world = await openWorld(anonymousPull);
  return by(
    world,
    await bearer(world, undefined, "repository:team/app:*", "repository:*:*", "registry:catalog:*"),
  );
};

/** With an access token that its holder, who may do everything, asked for with these scopes only. */
export const token = (scopes: readonly string[], anonymousPull?: "all") => async (): Promise<Coming> => {
  const world = await openWorld(anonymousPull);
  return by(world, await bearer(world, admin(world), ...scopes));
};

/** With the password of a named token of these actions, or that scope map. */
export const password = (granted: string | readonly string[]) => async (): Promise<Coming> => {
  const world = await openWorld();
  return by(world, basic("builder", await world.addToken("builder", granted)));
};

export const wrongPassword = async (): Promise<Coming> => {
  const world = await openWorld();
  await world.addToken("builder", "_repositories_admin");
  return by(world, basic("builder", "wrong"));
};

export const adminUser = (enabled: boolean) => async (): Promise<Coming> => {
  const world = await openWorld();
  const { ports, keys, registry } = world;
  const { password1 } = await enableAdminUser(ports, keys, registry.rid);
  if (!enabled) await disableAdminUser(ports, registry.rid);
  return by(world, basic("local", password1));
};

/** By a token of the admin user, who was switched off half a minute ago. */
export const formerAdminUser = async (): Promise<Coming> => {
  const world = await openWorld();
  const { ports, keys, registry } = world;
  const { password1 } = await enableAdminUser(ports, keys, registry.rid);
  const authorization = await bearer(world, basic("local", password1), "repository:*:*");
  await disableAdminUser(ports, registry.rid);
  world.wait(31);
  return by(world, authorization);
};

export const administrator = async (): Promise<Coming> => {
  const world = await openWorld();
  return by(world, admin(world));
};

/** By the token of an issuer, as the password, or exchanged for an access token. */
export const federated = (exchanged: boolean) => async (): Promise<Coming> => {
  const world = await openWorld();
  await createTrustRule(world.ports, world.registry.rid, {
    name: "octo-main",
    issuer: github.url,
    audience: "https://registry.example",
    conditions: [{ claim: "repository", values: ["octo-org/*"] }],
    scopeMap: "_repositories_push",
  });
  const login = basic(tokenUser, await github.sign({ claims: githubClaims }));
  return by(
    world,
    exchanged ? await bearer(world, login, "repository:team/app:*", "registry:catalog:*") : login,
  );
};

export const entraAdministrator = async (): Promise<Coming> => {
  const world = await openWorld();
  return by(world, basic(tokenUser, await entra.sign({ claims: entraClaims(tenantId) })));
};

/** An identity of Entra with that role in everything. */
export const entraRole = (who: keyof typeof entraIds) => async (): Promise<Coming> => {
  const world = await openWorld();
  const claims = { ...entraClaims(tenantId), oid: entraIds[who], groups: [] };
  return by(world, basic(tokenUser, await entra.sign({ claims })));
};

/** With what another brings as a password, as `Bearer`. */
export const asBearer = (come: () => Promise<Coming>) => async (): Promise<Coming> => {
  const { to, headers } = await come();
  const { authorization = "" } = headers;
  const [, password = ""] = Buffer.from(authorization.slice("Basic ".length), "base64").toString().split(":");
  return { to, headers: { ...headers, authorization: `Bearer ${password}` } };
};

/** With an access token of these scopes as the password. */
export const tokenAsPassword = (scopes: readonly string[]) => async (): Promise<Coming> => {
  const world = await openWorld();
  const authorization = await bearer(world, admin(world), ...scopes);
  return by(world, basic(tokenUser, authorization.slice("Bearer ".length)));
};

/** With a refresh token of the administrator as the password. */
export const session = async (): Promise<Coming> => {
  const world = await openWorld();
  const password = world.administrator;
  const form = { grant_type: "password", username: "administrator", password, access_type: "offline" };
  const answer = await world.send({
    method: "POST",
    target: "/oauth2/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(new URLSearchParams(form).toString())],
  });
  const { refresh_token: token } = JSON.parse(answer.body.toString()) as { refresh_token: string };
  return by(world, basic(tokenUser, token));
};

/** By a token of the administrator for everything in another registry. */
export const ofAnotherRegistry = async (): Promise<Coming> => {
  const world = await openWorld();
  await world.addRegistry("other1");
  const host = "other1.localhost";
  const send: World["send"] = async (call) =>
    await world.send({ ...call, headers: { ...call.headers, host } });
  return by(world, await bearer({ send }, admin(world), "repository:*:*"));
};

/** By a token of a registry that was deleted, after another one has its name. */
export const ofFormerRegistry = async (): Promise<Coming> => {
  const world = await openWorld();
  const host = "other1.localhost";
  await world.addRegistry("other1");
  const send: World["send"] = async (call) =>
    await world.send({ ...call, headers: { ...call.headers, host } });
  const authorization = await bearer({ send }, admin(world), "repository:*:*");
  const deleted = await world.send({
    method: "DELETE",
    target:
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/other1?api-version=2025-04-01",
    headers: { authorization: admin(world) },
  });
  if (deleted.status !== 200)
    throw new Error(`the registry stays: ${deleted.status} ${deleted.body.toString()}`);
  const registry = await ensureRegistry(world.ports, "other1" as RegistryName, { sparseManifests: false });
  await ensureRepository(world.ports, registry, app);
  return by(world.another(), authorization, host);
};

/** By a token for everything, so many seconds after it was issued. */
export const late = (seconds: number) => async (): Promise<Coming> => {
  const world = await openWorld();
  const authorization = await bearer(world, admin(world), "repository:*:*");
  world.wait(seconds);
  return by(world, authorization);
};

/** The same, and every request comes with a body, of which nothing is sent. */
export const lateWithBody = (seconds: number) => async (): Promise<Coming> => {
  const { to, headers } = await late(seconds)();
  return { to, headers: { ...headers, "content-length": "1" } };
};

/** By a token for everything, half a minute after all were revoked. */
export const revoked = async (): Promise<Coming> => {
  const world = await openWorld();
  const authorization = await bearer(world, admin(world), "repository:*:*");
  await revokeAll(world.ports, world.registry.rid);
  world.wait(31);
  return by(world, authorization);
};

/** With an Authorization header that says nothing. */
export const saying = (authorization: string) => async (): Promise<Coming> =>
  by(await openWorld(), authorization);
