import { noSuchRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { type Access, formatScope, parseScopes, type Scope } from "../../domain/access/scope.ts";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { RegistryName } from "../../domain/name.ts";
import { type Credentials, parseAuthorization } from "../../identity/credentials.ts";
import type { NetworkOf } from "../../identity/failed-logins.ts";
import type { Identity } from "../../identity/identity.ts";
import type { IssuedTokens, TokenRequest } from "../../identity/issue-tokens.ts";
import { subjectOf } from "../../identity/principal.ts";
import type { Log } from "../../telemetry/log.ts";
import type { RateLimiter } from "../../tenancy/rate-limiter.ts";
import type { Hosts } from "../address.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply, malformed } from "../json.ts";
import type { RequestBody } from "../request-body.ts";
import { passwordChallenge } from "./challenge.ts";
import { demandSingle, readForm } from "./form.ts";
import { demandService, registryMeant } from "./registry-of.ts";
import type { AuthRoute } from "./route.ts";

/** A request to the token service. */
export interface AuthRequest {
  readonly identity?: Identity | undefined;
  readonly registries: {
    find(name: RegistryName): RegistryDocument | undefined | Promise<RegistryDocument | undefined>;
  };
  readonly rates?: RateLimiter | undefined;
  readonly hosts: Hosts;
  /** As the client named it. */
  readonly host: string;
  readonly method: string;
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
  readonly body: RequestBody;
  readonly log: Log;
  readonly networkOf: NetworkOf;
  /** Is told which registry is meant. @throws RegistryError DENIED where it may not be asked */
  readonly addressed: (registry: RegistryDocument) => void;
}

/** No cache may keep a token. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
const uncached = { "cache-control": "no-store" };

/**
 * The token service: tokens, the exchange of a trusted issuer's token for one of ours, and the keys that verify ours.
 * @throws RegistryError
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 * @see https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
export async function answerAuth(request: AuthRequest, { kind }: AuthRoute): Promise<Reply> {
  const { identity } = request;
  if (identity === undefined) {
    const message = "there is no token service: this registry is open to whoever reaches it";
    throw new RegistryError("UNSUPPORTED", { status: 404, message });
  }
  switch (kind) {
    case "oauth2-token":
      return await asking(request.method === "POST" ? post(request, identity) : get(request, identity));
    case "oauth2-exchange":
      return await asking(exchange(request, identity));
    case "public-keys":
      return jsonReply(request.method, await identity.keys.publicKeys(), 200, {
        "cache-control": "public, max-age=60",
      });
  }
}

/** A 401 has to say how one logs in, also where nobody looks at it. @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
async function asking(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED") throw error;
    throw passwordChallenge(error.message);
  }
}

/** Docker's way: Basic, or nothing, and what is asked for in the query. */
async function get(request: AuthRequest, identity: Identity): Promise<Reply> {
  const query = demandSingle(request.query);
  const header = request.headers.get("authorization");
  const credentials = header === null ? undefined : basicOf(header);
  const session = query.get("offline_token") === "true" ? "if by token" : "none";
  return await issue(request, identity, query, { credentials, session });
}

/** OAuth 2's way: a form with a password or with a refresh token. */
async function post(request: AuthRequest, identity: Identity): Promise<Reply> {
  const form = await readForm(request.body, request.headers.get("content-type"));
  const session = form.get("access_type") === "offline" ? "always" : "none";
  const [username, password] = [form.get("username") ?? "", form.get("password") ?? ""];
  const refreshToken = form.get("refresh_token") ?? "";
  switch (form.get("grant_type") ?? "") {
    case "refresh_token":
      if (refreshToken === "") throw malformed("refresh_token is missing");
      return await issue(request, identity, form, { refreshToken, session });
    case "password":
      // The Azure SDKs ask for an anonymous token by a password grant without either.
      return await issue(request, identity, form, {
        credentials: credentialsOf(username, password),
        session,
      });
    default:
      throw malformed("grant_type is password or refresh_token");
  }
}

async function issue(
  request: AuthRequest,
  identity: Identity,
  fields: URLSearchParams,
  { credentials, refreshToken, session }: Omit<TokenRequest, "scopes">,
): Promise<Reply> {
  const asked = parseScopes(fields.getAll("scope"));
  const token = refreshToken ?? credentials?.password;
  const { registry, prefix } = await find(request, fields, {
    tokens: token === undefined ? [] : [token],
    username: credentials?.username,
    scopes: asked,
  });
  const issued = await logged(request.log, registry.name, credentials?.username, async () => {
    const scopes = asked.flatMap((scope) => withoutPrefix(scope, prefix));
    const asks = { credentials, refreshToken, scopes, session };
    return await identity.issue(registry, asks, request.networkOf);
  });
  return tokenReply(request.method, issued, prefix);
}

/** Tells who came, and how it ended. @param username as he gave it, if he did */
async function logged(
  log: Log,
  registry: RegistryName,
  username: string | undefined,
  issue: () => Promise<IssuedTokens>,
): Promise<IssuedTokens> {
  try {
    const issued = await issue();
    const { principal, access } = issued;
    const granted = access.map(({ type, name, actions }) => formatScope(type, name, actions)).join(" ");
    log.write("info", "login", { registry, user: subjectOf(principal), kind: principal.kind, granted });
    return issued;
  } catch (error) {
    if (error instanceof RegistryError && error.status < 500) {
      const user = username?.slice(0, limits.accessNameCharsMax);
      log.write("warn", "login", { registry, user, refused: error.message });
    }
    throw error;
  }
}

/** Trades the token of a trusted issuer, such as Entra, for a refresh token. */
async function exchange(request: AuthRequest, identity: Identity): Promise<Reply> {
  const form = await readForm(request.body, request.headers.get("content-type"));
  const grant = form.get("grant_type") ?? "";
  const token = form.get("access_token") ?? "";
  if (!["access_token", "access_token_refresh_token"].includes(grant))
    throw malformed("grant_type is access_token");
  if (token === "") throw malformed("access_token is missing");
  const { registry } = await find(request, form, { tokens: [], username: undefined, scopes: [] });
  return jsonReply(
    request.method,
    { refresh_token: await identity.exchange(registry, token, request.networkOf) },
    200,
    uncached,
  );
}

/** The registry that is meant. */
async function find(
  { hosts, host, registries, rates, addressed, networkOf }: AuthRequest,
  fields: URLSearchParams,
  hints: Parameters<typeof registryMeant>[2],
): Promise<{ registry: RegistryDocument; prefix: string }> {
  const meant = registryMeant(hosts, host, hints);
  demandService(hosts, fields.get("service"), meant.registry);
  const registry = await registries.find(meant.registry);
  if (registry === undefined) throw noSuchRegistry();
  addressed(registry);
  rates?.admitToken(registry, networkOf());
  return { ...meant, registry };
}

/** Both ways' answers in one: whoever reads only one of the two names finds it. */
function tokenReply(method: string, issued: IssuedTokens, prefix: string): Reply {
  const { accessToken, expiresIn, issuedAt, access, refreshToken } = issued;
  const scope = access
    .map((entry) => formatScope(entry.type, nameOf(entry, prefix), entry.actions))
    .join(" ");
  const body = {
    access_token: accessToken,
    token: accessToken,
    token_type: "Bearer",
    expires_in: expiresIn,
    issued_at: new Date(issuedAt * 1000).toISOString(),
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  };
  return jsonReply(method, body, 200, uncached);
}

function nameOf({ type, name }: Access, prefix: string): string {
  return type === "repository" ? prefix + name : name;
}

/** Names in tokens are the registry's own, however a client's paths begin. Nothing of another registry is granted. */
function withoutPrefix(scope: Scope, prefix: string): Scope[] {
  if (scope.type !== "repository" || prefix === "") return [scope];
  return scope.name.startsWith(prefix) ? [{ ...scope, name: scope.name.slice(prefix.length) }] : [];
}

function basicOf(header: string): Credentials | undefined {
  const authorization = parseAuthorization(header);
  if (authorization.scheme === "bearer") {
    throw new RegistryError("UNAUTHORIZED", {
      message: "a token is asked for with a user name and a password",
    });
  }
  return credentialsOf(authorization.credentials.username, authorization.credentials.password);
}

/** Neither a name nor a password is nobody. */
function credentialsOf(username: string, password: string): Credentials | undefined {
  return username === "" && password === "" ? undefined : { username, password };
}
