import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";

type Claims = Readonly<Record<string, unknown>>;

/** What a token is to be like, apart from the usual. A claim that is undefined is left out. */
export interface TokenOptions {
  readonly claims?: Claims;
  readonly header?: Partial<JWTHeaderParameters>;
}

interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** An issuer of OpenID Connect on the loopback, or one without an address whose answers a test hands on. */
export class OidcIssuer {
  readonly #now: () => number;
  #keys: IssuerKey[] = [];
  #made = 0;
  /** Requests that it had, by path. */
  readonly asked: string[] = [];
  /** How it is called; its address, once it has one. */
  url: string;
  /** Replaces what is published at a path. */
  readonly instead = new Map<string, (response: ServerResponse) => void>();
  /** Replaces parts of the configuration. */
  configuration: Claims = {};

  /** @param now ms since 1970, by which tokens are dated */
  constructor(now: () => number, url = "https://issuer.example") {
    this.#now = now;
    this.url = url;
  }

  /** Signs with a new key from now on, which is published beside the others. */
  async addKey(alg = "RS256"): Promise<IssuerKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${++this.#made}`;
    const key = { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig" } };
    this.#keys.push(key);
    return key;
  }

  /** Signs with a new key, and publishes no other. */
  async rotate(alg = "RS256"): Promise<IssuerKey> {
    this.#keys = [];
    return await this.addKey(alg);
  }

  get key(): IssuerKey {
    const key = this.#keys.at(-1);
    if (key === undefined) throw new Error("the issuer has no key yet");
    return key;
  }

  /** A token of an hour for `https://registry.example`. */
  async sign({ claims = {}, header = {} }: TokenOptions = {}, key = this.key): Promise<string> {
    const now = Math.floor(this.#now() / 1000);
    const usual = {
      iss: this.url,
      aud: "https://registry.example",
      sub: "somebody",
      iat: now,
      exp: now + 3600,
    };
    const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
    return await new SignJWT(Object.fromEntries(all))
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT", ...header })
      .sign(key.privateKey);
  }

  /** What it publishes at the path, or undefined. */
  published(path: string): unknown {
    const { pathname } = new URL(this.url);
    if (path === `${pathname.replace(/\/$/, "")}/.well-known/openid-configuration`) {
      return {
        issuer: this.url,
        jwks_uri: `${new URL(this.url).origin}/keys`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [...new Set(this.#keys.map(({ alg }) => alg))],
        ...this.configuration,
      };
    }
    return path === "/keys" ? { keys: this.#keys.map(({ jwk }) => jwk) } : undefined;
  }

  /** Listens on the loopback over plain http. @returns what stops it */
  async listen(): Promise<() => Promise<void>> {
    const server = createServer((request, response) => {
      const path = request.url ?? "";
      this.asked.push(path);
      const other = this.instead.get(path);
      const published = this.published(path);
      if (other !== undefined) other(response);
      else if (published === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(published));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    };
  }
}

/**
 * What a job of GitHub Actions gets.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export const githubClaims: Claims = {
  jti: "2d3c4b5a",
  sub: "repo:octo-org/octo-repo:ref:refs/heads/main",
  repository: "octo-org/octo-repo",
  repository_id: "74",
  repository_owner: "octo-org",
  repository_owner_id: "65",
  repository_visibility: "private",
  actor: "octocat",
  actor_id: "12",
  event_name: "push",
  ref: "refs/heads/main",
  ref_type: "branch",
  ref_protected: "true",
  sha: "9f3c1c4b",
  workflow: "release",
  workflow_ref: "octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main",
  job_workflow_ref: "octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main",
  runner_environment: "github-hosted",
  run_id: "30433642",
  run_number: "10",
  run_attempt: "2",
};

/**
 * What a job of GitLab CI/CD gets by `id_tokens`.
 * @see https://docs.gitlab.com/ci/secrets/id_token_authentication/
 */
export const gitlabClaims: Claims = {
  jti: "235b3a54",
  sub: "project_path:my-group/sub-group/my-project:ref_type:branch:ref:main",
  namespace_id: "72",
  namespace_path: "my-group/sub-group",
  project_id: "20",
  project_path: "my-group/sub-group/my-project",
  user_id: "1",
  user_login: "sample-user",
  user_access_level: "developer",
  pipeline_id: "574",
  pipeline_source: "push",
  job_id: "302",
  ref: "main",
  ref_type: "branch",
  ref_path: "refs/heads/main",
  ref_protected: "true",
  runner_environment: "self-hosted",
};

/**
 * What Entra gives somebody for Azure Resource Manager, as `az acr login` hands it on.
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function entraClaims(tenantId: string, version: "1.0" | "2.0" = "1.0"): Claims {
  const app = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
  return {
    ...(version === "1.0"
      ? { iss: `https://sts.windows.net/${tenantId}/`, aud: "https://management.azure.com/", appid: app }
      : {
          iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
          aud: "https://containerregistry.azure.net",
          azp: app,
        }),
    ver: version,
    tid: tenantId,
    oid: "0a5f1e3c-6f1b-4e0f-9d0a-3f0c6a1e2b77",
    sub: "XvP6sSgfXa0u3dHgFfQ0Ln2v",
    groups: ["5e1b2c3d-0000-4000-8000-0000000000aa", "5e1b2c3d-0000-4000-8000-0000000000bb"],
    idtyp: "user",
  };
}
