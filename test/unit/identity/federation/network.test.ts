import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import type { TrustRuleDocument } from "../../../../shared/identity/documents.ts";
import { Federation } from "../../../../shared/identity/federation/federation.ts";
import { systemIssuers } from "../../../../shared/system/issuers.ts";
import { githubClaims, gitlabClaims, OidcIssuer } from "../../../support/oidc-issuer.ts";
import { openWorld, registry } from "./world.ts";

const configurationPath = "/.well-known/openid-configuration";
let world: Awaited<ReturnType<typeof openWorld>>;
let issuer: OidcIssuer;
let stop: () => Promise<void>;

/** A world whose issuer listens on the loopback. */
beforeEach(async () => {
  world = await openWorld();
  issuer = new OidcIssuer(() => world.clock.now());
  await issuer.addKey();
  stop = await issuer.listen();
});

afterEach(async () => await stop());

const opened = (allowPrivate = true) =>
  new Federation(world.ports, systemIssuers({ allowPrivate }), undefined);
const trust = (conditions: TrustRuleDocument["conditions"], name = "ci-main") =>
  world.trust({ name, issuer: issuer.url, conditions });

describe("a job of continuous integration", () => {
  test.each([
    ["GitHub Actions", githubClaims, { repository: "octo-org/octo-repo", ref: "refs/heads/main" }],
    ["GitLab", gitlabClaims, { project_path: "my-group/**", ref_protected: "true" }],
  ])("of %s is let in by the token that it has", async (_, claims, asked) => {
    await trust(Object.entries(asked).map(([claim, value]) => ({ claim, values: [value] })));
    await trust([{ claim: "sub", values: ["repo:other-org/*"] }], "others");
    expect(await opened().principalOf(registry, await issuer.sign({ claims }))).toEqual({
      kind: "federated",
      issuer: issuer.url,
      subject: claims["sub"],
      rules: [{ name: "ci-main", since: world.clock.now() }],
    });
    expect(issuer.asked).toEqual([configurationPath, "/keys"]);
  });

  test("of a fork is not, and is told what its token has", async () => {
    await trust([{ claim: "repository", values: ["octo-org/*"] }]);
    const token = await issuer.sign({ claims: { ...githubClaims, repository: "evil/octo-repo" } });
    await expect(opened().principalOf(registry, token)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      status: 401,
      message: 'no trust rule fits the token, which has repository="evil/octo-repo"',
    });
  });
});

describe("an issuer", () => {
  beforeEach(async () => await trust([{ claim: "sub", values: ["somebody"] }]));

  test("changes its keys amid everything", async () => {
    const federation = opened();
    for (let round = 0; round < 3; round++) {
      const token = await issuer.sign();
      const all = await Promise.all(
        Array.from({ length: 10 }, () => federation.principalOf(registry, token)),
      );
      expect(all).toHaveLength(10);
      expect(issuer.asked.splice(0)).toEqual([configurationPath, "/keys"]);
      await issuer.rotate(["ES256", "PS256", "RS256"][round]);
      world.clock.advance(limits.issuerRetrySeconds * 1000);
    }
  });

  test.each([configurationPath, "/keys"])("that sends one elsewhere from %s is away", async (path) => {
    const other = new OidcIssuer(() => world.clock.now());
    await other.addKey();
    const stopOther = await other.listen();
    issuer.instead.set(path, (response) =>
      response.writeHead(302, { location: `${other.url}${path}` }).end(),
    );
    await expect(opened().principalOf(registry, await issuer.sign())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      status: 503,
    });
    expect(other.asked).toEqual([]);
    await stopOther();
  });

  test("in a network of one's own is not asked unless that is allowed", async () => {
    await expect(opened(false).principalOf(registry, await issuer.sign())).rejects.toMatchObject({
      code: "UNSUPPORTED",
      status: 400,
    });
    expect(issuer.asked).toEqual([]);
  });

  test.each([
    "http://169.254.169.254/metadata",
    "file:///etc/passwd",
    "https://user:password@127.0.0.1/keys",
    "keys",
  ])("whose keys are said to be at %s is not followed there", async (address) => {
    issuer.configuration = { jwks_uri: address };
    await expect(opened().principalOf(registry, await issuer.sign())).rejects.toMatchObject({
      code: "UNSUPPORTED",
      status: 400,
    });
  });
});
