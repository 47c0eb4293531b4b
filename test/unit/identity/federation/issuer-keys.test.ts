import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { OidcIssuer } from "../../../support/oidc-issuer.ts";
import { openWorld } from "./world.ts";

let world: Awaited<ReturnType<typeof openWorld>>;
const letIn = { kind: "federated", subject: "somebody" };
const seconds = (count: number) => world.clock.advance(count * 1000);
const outcome = async () => await world.outcome(await world.issuer.sign());
/** How often the keys were read since the last call. */
const reads = () => world.issuers.asked.splice(0).filter((url) => url.endsWith("/keys")).length;

beforeEach(async () => {
  world = await openWorld();
  await world.trust();
});

describe("an issuer's keys", () => {
  test("are found by its configuration", async () => {
    expect(await outcome()).toMatchObject(letIn);
    expect(world.issuers.asked).toEqual([
      "https://issuer.example/.well-known/openid-configuration",
      "https://issuer.example/keys",
    ]);
  });

  test("are found below the issuer's path, whether it ends in a slash or not", async () => {
    for (const url of ["https://one.example/realms/a", "https://two.example/realms/b/"]) {
      const issuer = new OidcIssuer(() => world.clock.now(), url);
      await issuer.addKey();
      world.issuers.add(issuer);
      await world.trust({ name: `rule-${url.slice(8, 11)}`, issuer: url });
      expect(await world.outcome(await issuer.sign())).toMatchObject({ ...letIn, issuer: url });
    }
  });

  test("are read once an hour, by however many at once", async () => {
    await Promise.all(Array.from({ length: 20 }, outcome));
    expect(reads()).toBe(1);
    seconds(limits.issuerKeysSeconds - 1);
    await outcome();
    expect(reads()).toBe(0);
    seconds(1);
    await Promise.all(Array.from({ length: 20 }, outcome));
    expect(reads()).toBe(1);
  });

  test("are read again for a key that is not among them, and then not for a while", async () => {
    await outcome();
    seconds(limits.issuerRetrySeconds);
    await world.issuer.rotate("ES256");
    reads();
    await expect(Promise.all([outcome(), outcome(), outcome()])).resolves.toMatchObject([
      letIn,
      letIn,
      letIn,
    ]);
    expect(reads()).toBe(1);
    const stranger = { ...world.issuer.key, kid: "nobody's" };
    for (let at = 0; at < limits.issuerRetrySeconds * 3; at++) {
      expect(await world.outcome(await world.issuer.sign({}, stranger))).toBe(
        "UNAUTHORIZED: the token is signed with a key that its issuer does not publish",
      );
      seconds(1);
    }
    expect(reads()).toBe(2);
  });

  test("of old verify no more once they are not published", async () => {
    const old = world.issuer.key;
    await outcome();
    await world.issuer.rotate("ES256");
    seconds(limits.issuerKeysSeconds);
    expect(await world.outcome(await world.issuer.sign({}, old))).toMatch("does not publish");
  });

  test("do for some hours while the issuer is away, and it is asked once in a while", async () => {
    const begun = world.clock.now();
    const claims = () => ({ iat: Math.floor(world.clock.now() / 1000) });
    await outcome();
    world.issuers.away = true;
    reads();
    seconds(limits.issuerKeysSeconds);
    for (let at = 0; at < 10; at++) {
      expect(await world.outcome(await world.issuer.sign({ claims: claims() }))).toMatchObject(letIn);
    }
    expect(world.issuers.asked.splice(0)).toHaveLength(1);
    seconds(limits.issuerKeysStaleSecondsMax - limits.issuerKeysSeconds - 1);
    expect(await outcome()).toMatchObject(letIn);
    seconds(1);
    expect(world.clock.now() - begun).toBe(limits.issuerKeysStaleSecondsMax * 1000);
    expect(await outcome()).toBe("UNAVAILABLE: nobody is there");
    world.issuers.away = false;
    expect(await outcome()).toBe("UNAVAILABLE: nobody is there");
    seconds(limits.issuerRetrySeconds);
    expect(await outcome()).toMatchObject(letIn);
  });

  test("that were never read are unavailable, and a failure is not repeated by everybody", async () => {
    world.issuers.away = true;
    const token = await world.issuer.sign();
    const said = await Promise.all(Array.from({ length: 20 }, () => world.outcome(token)));
    expect(new Set(said)).toEqual(new Set(["UNAVAILABLE: nobody is there"]));
    expect(world.issuers.asked).toHaveLength(1);
  });

  test("of many issuers are remembered to a bound", async () => {
    const urls = Array.from({ length: limits.issuersCachedMax + 1 }, (_, at) => `https://i${at}.example`);
    await outcome();
    world.issuers.away = true;
    for (const issuer of urls) {
      await world.trust({ name: "another", issuer });
      await world.outcome(await world.issuer.sign({ claims: { iss: issuer } }));
    }
    world.issuers.away = false;
    reads();
    expect(await outcome()).toMatchObject(letIn);
    expect(reads()).toBe(1);
  });
});

describe("an issuer's configuration", () => {
  test.each([
    [{ issuer: "https://other.example" }, "is not what its OpenID configuration calls itself"],
    [{ issuer: "https://issuer.example/" }, "is not what its OpenID configuration calls itself"],
    [{ issuer: undefined }, "is not what its OpenID configuration calls itself"],
    [{ jwks_uri: undefined }, "does not say where its keys are"],
    [{ jwks_uri: 7 }, "does not say where its keys are"],
    [{ jwks_uri: "https://issuer.example/.well-known/openid-configuration" }, "publishes no set of keys"],
  ])("that says %j is not believed", async (configuration, why) => {
    world.issuer.configuration = configuration;
    expect(await outcome()).toBe(`UNAVAILABLE: the issuer https://issuer.example ${why}`);
  });

  test.each([[null], [7], ["text"], [[]]])("is an object, and not %j", async (answer) => {
    world.issuers.fetchJson = async () => await Promise.resolve(answer);
    expect(await outcome()).toMatch("is not what its OpenID configuration calls itself");
  });

  test("says which algorithms it signs with; of those, the accepted ones are taken", async () => {
    world.issuer.configuration = { id_token_signing_alg_values_supported: ["none", "HS256", "PS256"] };
    expect(await outcome()).toBe("UNAUTHORIZED: the token is signed by an algorithm that is not taken here");
  });

  test("need not say which algorithms it signs with", async () => {
    world.issuer.configuration = { id_token_signing_alg_values_supported: undefined };
    expect(await outcome()).toMatchObject(letIn);
  });
});
