import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { enableAdminUser } from "../../../shared/identity/manage/users/enable-admin-user.ts";
import { emptyConfig, imageManifest, sha256 } from "../harness/content.ts";
import { basic, type GuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";

/** How requests of a registry say which one it is: by their host, or by the first part of their paths. */
export type Way = "host" | "path";
export const sharedHost = "registries.localhost";
const tokenUser = "00000000-0000-0000-0000-000000000000";

/** A registry among many that look alike: all have the same repositories, and tokens and scope maps of the same names. */
export interface Tenant {
  readonly registry: RegistryDocument;
  readonly name: string;
  /** Bytes that it alone has, and the digest of its manifest `v1`. */
  readonly secret: Buffer;
  readonly manifestDigest: string;
  /** The header of who may do everything in it. */
  readonly owner: string;
  /** All that can be used to log in to it, as headers. */
  readonly logins: Readonly<Record<string, string>>;
  readonly refreshToken: string;
}

/** Bytes that all of them have. */
export const common = Buffer.from("a layer that everybody has");

export function hostOf(name: string, way: Way): string {
  return way === "host" ? `${name}.localhost` : sharedHost;
}

/** What is in front of the names of a registry's repositories. */
export function prefixOf(name: string, way: Way): string {
  return way === "host" ? "" : `${name}/`;
}

export async function send(
  guarded: GuardedRegistry,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
): Promise<Answer> {
  return await guarded.send({ method, target, headers, body: body === undefined ? undefined : [body] });
}

/** Makes one, and pushes what it alone has and what all have. */
export async function addTenant(guarded: GuardedRegistry, name: string): Promise<Tenant> {
  const registry = await guarded.addRegistry(name);
  const password = await guarded.addToken("owner", "_repositories_admin", registry);
  const reader = await guarded.addToken("reader", ["repositories/app/content/read"], registry);
  const { password1 } = await enableAdminUser(guarded.ports, guarded.keys, registry.rid);
  const owner = basic("owner", password);
  const headers = { host: hostOf(name, "host"), authorization: owner };
  const secret = Buffer.from(`what ${name} alone has`);
  for (const blob of [secret, common, Buffer.from(emptyConfig)]) {
    const target = `/v2/app/blobs/uploads/?digest=${sha256(blob)}`;
    expectStatus(201, await send(guarded, "POST", target, headers, blob));
  }
  const manifest = Buffer.from(imageManifest([], { annotations: { of: name } }));
  const type = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
  for (const tag of ["v1", `only-${name}`]) {
    const target = `/v2/app/manifests/${tag}`;
    expectStatus(201, await send(guarded, "PUT", target, { ...headers, ...type }, manifest));
  }
  const query = new URLSearchParams({
    scope: "repository:*:*",
    offline_token: "true",
    access_type: "offline",
  });
  query.append("scope", "registry:catalog:*");
  const form = { grant_type: "password", username: "owner", password, access_type: "offline" };
  const token = await tokens(guarded, "GET", `/oauth2/token?${query.toString()}`, headers);
  const session = await tokens(guarded, "POST", "/oauth2/token", { host: headers.host }, form);
  return {
    registry,
    name,
    secret,
    manifestDigest: sha256(manifest),
    owner,
    refreshToken: session.refresh_token,
    logins: {
      "the owner's password": owner,
      "the owner's password with the registry in front": basic(`${name}/owner`, password),
      "the reader's password": basic("reader", reader),
      "the admin user's password": basic(name, password1),
      "an access token": `Bearer ${token.access_token}`,
      "an access token as password": basic(tokenUser, token.access_token),
      "a refresh token as password": basic(tokenUser, session.refresh_token),
      "a refresh token": `Bearer ${session.refresh_token}`,
    },
  };
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function tokens(
  guarded: GuardedRegistry,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  form?: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  const body = form && Buffer.from(new URLSearchParams(form).toString());
  const answer = await send(guarded, method, target, { ...headers, ...type }, body);
  expectStatus(200, answer);
  return JSON.parse(answer.body.toString()) as Tokens;
}

function expectStatus(status: number, answer: Answer): void {
  if (answer.status !== status) throw new Error(`${answer.status} ${answer.body.toString()}`);
}
