import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { Federation } from "../../../shared/identity/federation/federation.ts";
import type { EntraSettings } from "../../../shared/identity/federation/settings.ts";
import { Identity, type IdentitySettings } from "../../../shared/identity/identity.ts";
import type { KeyRing } from "../../../shared/identity/key-ring.ts";
import { createScopeMap } from "../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { createToken } from "../../../shared/identity/manage/tokens/create-token.ts";
import { ensureAdministrator } from "../../../shared/identity/manage/users/administrator.ts";
import { ensureKeys } from "../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../shared/identity/stored-key-ring.ts";
import { MemoryKeyStore } from "../../../shared/memory/key-store.ts";
import type { Issuers } from "../../../shared/ports/issuers.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { incoming, openMemoryRegistry, readReply } from "./memory-registry.ts";
import type { Answer, Call } from "./registry.ts";

export interface GuardedOptions {
  /** ms since 1970. Absent: the time. */
  readonly now?: () => number;
  /** What is put around the ports. */
  readonly ports?: (ports: Ports) => Ports;
  readonly settings?: Partial<IdentitySettings>;
  readonly issuers?: Issuers;
  readonly entra?: EntraSettings;
}

/** A call, most of which have no body. */
export type GuardedCall = Pick<Call, "method" | "target"> & Partial<Call>;

/** A registry in memory whose callers have to say who they are, called without HTTP. */
export interface GuardedRegistry {
  readonly service: Service & { readonly identity: Identity };
  readonly ports: Ports;
  readonly keys: KeyRing;
  readonly keyStore: MemoryKeyStore;
  /** The default registry, `local`. */
  readonly registry: RegistryDocument;
  /** The administrator's password. */
  readonly administrator: string;
  send(call: GuardedCall): Promise<Answer>;
  /** Another instance on the same stores, which remembers nothing yet, with these settings changed. */
  another(settings?: Partial<IdentitySettings>): GuardedRegistry;
  /** A registry beside the default one. */
  addRegistry(name: string): Promise<RegistryDocument>;
  /** A named token with these actions, or that scope map. @returns its first password */
  addToken(name: string, actions: readonly string[] | string, registry?: RegistryDocument): Promise<string>;
}

const usual = { domain: "localhost", accessTokenSeconds: 300, refreshTokenSeconds: 11_700 };

export async function openGuardedRegistry(options: GuardedOptions = {}): Promise<GuardedRegistry> {
  const memory = await openMemoryRegistry(options.now === undefined ? {} : { now: options.now });
  const ports = options.ports?.(memory.service.ports) ?? memory.service.ports;
  const service: Service = {
    ...memory.service,
    ports,
    registries: new RegistryDirectory(ports),
    repositories: new RepositoryDirectory(ports),
  };
  const keyStore = new MemoryKeyStore();
  await ensureKeys(ports, keyStore);
  const administrator = await ensureAdministrator(ports, new StoredKeyRing(keyStore, ports.clock));
  const registry = await ensureRegistry(ports, service.hosts.defaultRegistry, { sparseManifests: false });
  if (administrator === undefined) throw new Error("there was no administrator before");
  return instance(service, keyStore, registry, administrator, options);
}

function instance(
  open: Service,
  keyStore: MemoryKeyStore,
  registry: RegistryDocument,
  administrator: string,
  options: GuardedOptions,
): GuardedRegistry {
  const { ports } = open;
  const keys = new StoredKeyRing(keyStore, ports.clock);
  const federation = new Federation(ports, options.issuers ?? nobodyIsAsked, options.entra);
  const assignments = options.entra?.assignments ?? [];
  const { resourceGroup } = open.hosts.scope;
  const settings = { ...usual, assignments, resourceGroup, ...options.settings };
  const identity = new Identity(ports, keys, federation, settings);
  const service = { ...open, identity };
  return {
    service,
    ports,
    keys,
    keyStore,
    registry,
    administrator,
    send: async (call) => {
      const whole: Call = { body: undefined, streamed: false, headers: {}, ...call };
      return await readReply(await serve(service, incoming(whole)));
    },
    another: (changed) =>
      instance(
        {
          ...open,
          registries: new RegistryDirectory(ports),
          repositories: new RepositoryDirectory(ports),
        },
        keyStore,
        registry,
        administrator,
        { ...options, settings: { ...options.settings, ...changed } },
      ),
    addRegistry: async (name) =>
      await ensureRegistry(ports, name as RegistryName, { sparseManifests: false }),
    addToken: async (name, actions, { rid } = registry) => {
      const scopeMap = typeof actions === "string" ? actions : `${name}-map`;
      if (typeof actions !== "string") await createScopeMap(ports, rid, { name: scopeMap, actions });
      const { passwords } = await createToken(ports, keys, rid, { name, scopeMap, passwords: ["password1"] });
      return passwords.password1 ?? "";
    },
  };
}

const nobodyIsAsked: Issuers = {
  fetchJson: async (url) => {
    throw new Error(`nobody was to be asked, least of all ${url}`);
  },
};

/** The header of a user and his password. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** What the token service answers to a GET, as docker asks it. */
export async function askForToken(
  { send }: Pick<GuardedRegistry, "send">,
  authorization: string | undefined,
  scopes: readonly string[],
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const query = new URLSearchParams(parameters);
  for (const scope of scopes) query.append("scope", scope);
  return await send({
    method: "GET",
    target: `/oauth2/token?${query.toString()}`,
    headers: authorization === undefined ? {} : { authorization },
  });
}

/** An access token, as a header. @throws Error when there is none */
export async function bearer(
  registry: Pick<GuardedRegistry, "send">,
  authorization: string | undefined,
  ...scopes: readonly string[]
): Promise<string> {
  const answer = await askForToken(registry, authorization, scopes);
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.body.toString()}`);
  return `Bearer ${(JSON.parse(answer.body.toString()) as { access_token: string }).access_token}`;
}
