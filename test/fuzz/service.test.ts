import { validateHeaderName, validateHeaderValue } from "node:http";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { errorTable, managementErrorTable } from "../../shared/domain/errors.ts";
import { serve } from "../../shared/http/serve.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { emptyConfig, imageManifest, sha256 } from "../protocol/harness/content.ts";
import {
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../protocol/harness/guarded-registry.ts";
import { readReply } from "../protocol/harness/memory-registry.ts";
import { troublemakers } from "../unit/arbitraries.ts";
import { fuzz } from "./fuzzing.ts";

const secret = Buffer.from("what nobody else may read");
const secretDigest = sha256(secret);
const tokenUser = "00000000-0000-0000-0000-000000000000";

let guarded: GuardedRegistry;
/** Authorization headers of a user who may pull and push in `team/*`. */
let members: readonly string[];
beforeAll(async () => {
  guarded = await openGuardedRegistry();
  await guarded.addRegistry("contoso");
  const administrator = basic("administrator", guarded.administrator);
  for (const host of ["localhost", "contoso.localhost"]) {
    const headers = { authorization: administrator, host };
    for (const blob of [secret, Buffer.from(emptyConfig)]) {
      const target = `/v2/secret/app/blobs/uploads/?digest=${sha256(blob)}`;
      expect((await guarded.send({ method: "POST", target, headers, body: [blob] })).status).toBe(201);
    }
    const put = await guarded.send({
      method: "PUT",
      target: "/v2/secret/app/manifests/v1",
      headers: { ...headers, "content-type": "application/vnd.oci.image.manifest.v1+json" },
      body: [Buffer.from(imageManifest([], { annotations: { note: secret.toString() } }))],
    });
    expect(put.status).toBe(201);
  }
  const login = basic(
    "member",
    await guarded.addToken("member", [
      "repositories/team/*/content/read",
      "repositories/team/*/content/write",
    ]),
  );
  const token = await bearer(guarded, login, "repository:*:*");
  members = [login, token, basic(tokenUser, token.slice(7)), login.replace("Basic", "BASIC")];
});

const strange = fc.constantFrom<string>(...troublemakers);
const noise = fc
  .string({ unit: fc.oneof(strange, fc.constantFrom(..."abt/*:,._-%@;&=")), maxLength: 30 })
  .map((text) => text.toWellFormed());
const repository = fc.oneof(
  fc.constantFrom(
    "secret/app",
    "team/app",
    "team/../secret/app",
    "team%2F..%2Fsecret%2Fapp",
    "contoso/secret/app",
    "team//secret/app",
    "secret%2Fapp",
    "local/secret/app",
    "team/app/../../secret/app",
  ),
  noise,
);
const reference = fc.oneof(fc.constantFrom("v1", secretDigest, encodeURIComponent(secretDigest)), noise);
const path = fc.oneof(
  fc
    .tuple(
      repository,
      fc.constantFrom("blobs", "manifests", "referrers", "tags", "blobs/uploads", "manifests/../blobs"),
      fc.oneof(reference, fc.constant("list"), fc.constant("")),
    )
    .map(([name, word, last]) => `/v2/${name}/${word}/${last}`),
  fc
    .tuple(
      repository,
      fc.constantFrom("", "/_tags", "/_manifests", "/_tags/v1", `/_manifests/${secretDigest}`),
      fc.constantFrom("", "_deleted/"),
    )
    .map(([name, rest, deleted]) => `/acr/v1/${deleted}${name}${rest}`),
  fc.constantFrom(
    "/v2/",
    "/v2",
    "/v2/_catalog",
    "/acr/v1/_catalog",
    "/acr/v1/_deleted/_catalog",
    "/healthz",
    "/oauth2/token",
    "/oauth2/exchange",
    "/OAuth2/Token/",
    "/.well-known/jwks.json",
  ),
  fc
    .constantFrom(
      "",
      "/listUsages",
      "/repositoryUsages",
      "/cost",
      "/repositoryCosts",
      "/lifecyclePolicies/default",
      "/collection",
      "/usageReconciliation",
    )
    .map(
      (rest) =>
        `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local${rest}`,
    ),
  noise.map((text) => `/${text}`),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        "scope",
        "service",
        "account",
        "mount",
        "from",
        "digest",
        "n",
        "last",
        "api-version",
        "offline_token",
        "tag",
        "__proto__",
      ),
      fc.oneof(
        noise,
        fc.constantFrom(
          "repository:*:*",
          "repository:secret/app:pull",
          "registry:catalog:*",
          "secret/app",
          secretDigest,
          "2025-04-01",
          "localhost",
          "true",
        ),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map((pair) => pair.join("=")).join("&"));
const target = fc
  .tuple(
    fc.constantFrom(
      "",
      "",
      "",
      "http://localhost",
      "https://contoso.localhost",
      "http://localhost@contoso.localhost",
    ),
    path,
    query,
  )
  .map(([start, where, asked]) => `${start}${where}${asked === "" ? "" : `?${asked}`}`);
const host = fc.oneof(
  fc.constantFrom(
    "localhost",
    "local.localhost",
    "contoso.localhost",
    "registries.localhost",
    'localhost",error="',
    "localhost\r\nX-A: b",
  ),
  noise,
);
const headers = fc.dictionary(
  fc.constantFrom(
    "content-type",
    "content-length",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-original-url",
    "x-ms-client-principal",
    "x-http-method-override",
    "range",
    "accept",
  ),
  fc.oneof(
    noise,
    fc.constantFrom(
      "application/x-www-form-urlencoded",
      "https",
      "/healthz",
      "GET",
      "eyJhbGciOiJub25lIn0",
      "bytes=0-",
    ),
  ),
);
/** Who comes: a member by one of his ways, or whoever that text is. */
const caller = fc.oneof(
  fc.nat(3),
  fc.constantFrom(
    undefined,
    "",
    "Bearer",
    basic("administrator", ""),
    basic("local", "local"),
    basic(tokenUser, ""),
    "Bearer eyJhbGciOiJub25lIn0.e30.",
  ),
  noise,
  noise.map((text) => `Bearer ${text}`),
  noise.map((text) => basic("administrator", text)),
);
const body = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array(),
  fc
    .constantFrom(
      "grant_type=password&username=administrator&password=",
      "grant_type=refresh_token&refresh_token=a",
      "grant_type=access_token&access_token=a.b.c",
    )
    .map((text) => Buffer.from(text)),
);
const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get");

/** What may be had by whoever says nothing of himself that is true. */
const openPaths =
  /^(?:https?:\/\/[^/]*)?(?:\/healthz|\/oauth2\/token\/?|\/\.well-known\/jwks\.json)(?:\?|$)/i;
/** What a member may have besides: what there is of `team/*`, and of the registry as a whole. */
const memberPaths =
  /^(?:https?:\/\/[^/]*)?\/(?:v2\/?(?:\?|$)|v2\/_catalog|acr\/v1\/(?:_deleted\/)?_catalog|v2\/(?:local\/)?team(?:\/|%2f))/i;

test("whatever is asked, nobody gets what he may not have, and the registry meets nothing that it does not expect", async () => {
  const call = fc.record({ method, target, host, headers, caller, body });
  await fuzz(
    0.28,
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), async (calls) => {
      let log = "";
      const service = {
        ...guarded.another().service,
        log: createLog("warn", (lines) => {
          log += lines;
        }),
      };
      for (const { caller: who, ...asked } of calls) {
        const authorization = typeof who === "number" ? members[who] : who;
        const sent: Record<string, string> = {
          ...asked.headers,
          host: asked.host,
          ...(authorization === undefined ? {} : { authorization }),
        };
        const reply = await readReply(
          await serve(service, {
            method: asked.method,
            url: asked.target,
            headers: { get: (name) => sent[name] ?? null },
            body: asked.body === undefined ? null : once(asked.body),
          }),
        );
        for (const [name, value] of Object.entries(reply.headers)) {
          validateHeaderName(name);
          validateHeaderValue(name, value);
        }
        expect(reply.status).not.toBe(500);
        expect(reply.body.toString()).not.toContain(secret.toString());
        if (reply.status < 400) {
          const isMember = typeof who === "number";
          expect(asked.target).toMatch(isMember && memberPaths.test(asked.target) ? memberPaths : openPaths);
          expect(reply.body.toString()).not.toContain("secret/app");
        } else if (reply.body.length > 0) expect(codesOf(reply.body.toString())).toHaveLength(1);
      }
      log = log
        .split("\n")
        .filter((line) => line.includes('"failure"'))
        .join("\n");
      expect(log).toBe("");
    }),
  );
});

function codesOf(text: string): string[] {
  const { errors, error } = JSON.parse(text) as { errors?: { code: string }[]; error?: { code: string } };
  const codes = [...Object.keys(errorTable), ...Object.keys(managementErrorTable)];
  return [...(errors ?? []), ...(error === undefined ? [] : [error])]
    .map(({ code }) => code)
    .filter((code) => codes.includes(code));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
