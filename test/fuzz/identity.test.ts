import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../shared/config.ts";
import { RegistryError } from "../../shared/domain/errors.ts";
import { bareHost, resolveAddress } from "../../shared/http/address.ts";
import { readForm } from "../../shared/http/auth/form.ts";
import { hintsOf, registryMeant } from "../../shared/http/auth/registry-of.ts";
import { defaultBodyTimes, RequestBody } from "../../shared/http/request-body.ts";
import { formatBasic, parseAuthorization } from "../../shared/identity/credentials.ts";
import { readOwnToken, verifyAccessToken, verifyRefreshToken } from "../../shared/identity/tokens.ts";
import { readKeySettings } from "../../shared/key-settings.ts";
import {
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../protocol/harness/guarded-registry.ts";
import { troublemakers } from "../unit/arbitraries.ts";
import { fuzz } from "./fuzzing.ts";

const strange = fc.constantFrom<string>(...troublemakers);
const noise = fc.string({
  unit: fc.oneof(strange, fc.constantFrom(..."ab1/*:,._-%@[]=&+ Z")),
  maxLength: 60,
});
const { hosts } = readConfig({ SHARED_HOSTS: "registry.example" });

/** What it returns, or the code of the registry's error that it throws; anything else is none of what may happen. */
function outcomeOf<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof RegistryError) return error.code;
    throw error;
  }
}

describe("an Authorization header", () => {
  test("is read, or refused", async () => {
    const header = fc.oneof(
      noise,
      fc.tuple(fc.constantFrom("Basic ", "bearer ", "Basic", "Bearer  "), noise).map((all) => all.join("")),
    );
    await fuzz(
      0.02,
      fc.property(header, (text) => {
        const read = outcomeOf(() => parseAuthorization(text));
        if (typeof read === "string") expect(read).toBe("UNAUTHORIZED");
        else if (read.scheme === "bearer") expect(text.endsWith(read.token)).toBe(true);
        hintsOf(text);
      }),
    );
  });

  test("that is formatted is read again", async () => {
    const username = fc.string({ unit: "grapheme" }).filter((text) => !text.includes(":"));
    await fuzz(
      0.02,
      fc.property(username, fc.string({ unit: "grapheme" }), (user, password) => {
        const credentials = { username: user, password };
        expect(parseAuthorization(formatBasic(credentials))).toEqual({ scheme: "basic", credentials });
      }),
    );
  });
});

test("a form is read, or refused", async () => {
  const type = fc.oneof(
    noise,
    fc.constantFrom(
      null,
      "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-Urlencoded; charset=latin1",
    ),
  );
  const field = fc
    .tuple(fc.constantFrom("scope", "username", "__proto__", "a%00"), noise)
    .map((pair) => pair.join("="));
  const content = fc.oneof(
    fc.uint8Array(),
    fc.array(field).map((fields) => Buffer.from(fields.join("&"))),
  );
  await fuzz(
    0.03,
    fc.asyncProperty(type, content, async (contentType, bytes) => {
      async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
        for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
      }
      const read = await readForm(new RequestBody(pieces(), null, defaultBodyTimes), contentType).catch(
        (error: unknown) => error,
      );
      if (read instanceof URLSearchParams) {
        expect((contentType ?? "").toLowerCase()).toMatch(/^\s*application\/x-www-form-urlencoded/);
        for (const name of read.keys()) expect(name === "scope" || read.getAll(name).length === 1).toBe(true);
      } else expect(read).toBeInstanceOf(RegistryError);
    }),
  );
});

test("a host means one registry to us that it does not mean to others, or none", async () => {
  const labels = fc.array(
    fc.constantFrom(
      "localhost",
      "contoso",
      "contoso--west",
      "registry",
      "example",
      "evil",
      "127",
      "0",
      "1",
      "",
      "-",
    ),
    { minLength: 1, maxLength: 4 },
  );
  const host = fc.oneof(
    noise,
    labels.map((all) => all.join(".")),
    fc
      .tuple(labels, fc.constantFrom(":", "@", ":80", ":99999", "/", "\\", "#", "?", "%2e", "\0", "."))
      .map(([all, end]) => `${all.join(".")}${end}`),
    fc
      .tuple(
        fc.constantFrom("contoso.localhost", "localhost"),
        noise,
        fc.constantFrom("localhost", "contoso.localhost"),
      )
      .map((all) => all.join("")),
  );
  await fuzz(
    0.06,
    fc.property(host, noise, (text, name) => {
      const address = outcomeOf(() => resolveAddress(hosts, text, name));
      if (typeof address === "string") {
        expect(address).toBe("NAME_UNKNOWN");
        return;
      }
      // Whoever reads it as the host of a URL reads the same.
      const url = new URL(`http://${text.replace(/:\d+$/, "")}`);
      expect([url.hostname, url.username, url.pathname, url.search, url.hash]).toEqual([
        bareHost(text),
        "",
        "/",
        "",
        "",
      ]);
      if (address.registry === undefined || address.prefix !== "") {
        expect(url.hostname).toBe("registry.example");
        expect(`${address.prefix}${address.name}`).toBe(name);
      } else if (hosts.plain.includes(url.hostname)) expect(address.registry).toBe("local");
      else expect(url.hostname.split(/--|\./)[0]).toBe(address.registry);
    }),
  );
});

test("which registry is meant is always said, and on its own host never by anything but the host", async () => {
  const hint = fc.record({
    tokens: fc.array(noise, { maxLength: 2 }),
    username: fc.oneof(
      fc.constant(undefined),
      noise,
      fc.constantFrom("contoso", "contoso/user", "/", "contoso/"),
    ),
    scopes: fc.array(
      fc.record({
        type: fc.constantFrom("repository", "registry"),
        name: noise,
        actions: fc.constant(["pull"]),
      }),
      { maxLength: 3 },
    ),
  });
  await fuzz(
    0.03,
    fc.property(
      fc.constantFrom("fabrikam.localhost", "localhost", "registry.example"),
      hint,
      (host, hints) => {
        const { registry, prefix } = registryMeant(hosts, host, hints);
        if (host !== "registry.example")
          expect([registry, prefix]).toEqual([host === "localhost" ? "local" : "fabrikam", ""]);
        else expect([prefix, /^[a-z0-9]{5,50}$/.test(registry)]).toEqual([`${registry}/`, true]);
      },
    ),
  );
});

describe("a token", () => {
  let guarded: GuardedRegistry;
  let token: string;
  beforeAll(async () => {
    guarded = await openGuardedRegistry({ now: () => Date.UTC(2031, 1, 3) });
    token = (await bearer(guarded, basic("administrator", guarded.administrator), "repository:*:*")).slice(7);
  });

  /** What the parts say, whatever they are spelled like. */
  const decoded = (text: string) =>
    text
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("hex"))
      .join(".");

  test("that was changed anywhere is none", async () => {
    const change = fc.record({
      at: fc.nat(2000),
      kind: fc.constantFrom("replace", "insert", "remove", "cut", "swap", "double"),
      text: fc.oneof(fc.constantFrom(..."AZaz09-_.=+/ "), strange),
    });
    await fuzz(
      0.12,
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        let mutated = token;
        for (const { at, kind, text } of changes) {
          const index = at % (mutated.length + 1);
          const [before, after] = [mutated.slice(0, index), mutated.slice(index)];
          if (kind === "replace") mutated = `${before}${text}${after.slice(1)}`;
          else if (kind === "insert") mutated = `${before}${text}${after}`;
          else if (kind === "remove") mutated = `${before}${after.slice(1)}`;
          else if (kind === "cut") mutated = before;
          else if (kind === "swap") mutated = mutated.split(".").toReversed().join(".");
          else mutated = `${before}${after}${after}`;
        }
        // Another spelling of the same bytes is no other token.
        fc.pre(mutated !== token && decoded(mutated) !== decoded(token));
        readOwnToken(mutated);
        const audience = { name: "local.localhost", rid: guarded.registry.rid };
        const now = Date.UTC(2031, 1, 3);
        for (const verify of [verifyAccessToken, verifyRefreshToken]) {
          const verified = await verify(guarded.keys, audience, mutated, now).catch(
            (error: unknown) => error,
          );
          expect(verified).toBeInstanceOf(RegistryError);
        }
      }),
    );
  });

  test("of whatever text tells nothing, and is none", async () => {
    const part = fc.oneof(
      noise,
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
    );
    await fuzz(
      0.03,
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        const text = parts.join(".");
        expect(readOwnToken(text)).toBeUndefined();
        const audience = { name: "local.localhost", rid: guarded.registry.rid };
        const verified = await verifyAccessToken(guarded.keys, audience, text, 0).catch(
          (error: unknown) => error,
        );
        expect(verified).toBeInstanceOf(RegistryError);
      }),
    );
  });
});

test("settings of keys are read, or refused in one line", async () => {
  const names = fc.constantFrom("KEY_VAULT_URL", "KEY_FILE", "WEBSITE_SITE_NAME");
  const value = fc.oneof(
    noise,
    noise.map((text) => `https://${text}`),
    fc.constantFrom("https://keys.vault.azure.net", "/keys.json", ""),
  );
  await fuzz(
    0.02,
    fc.property(
      fc.dictionary(names, value),
      fc.boolean(),
      fc.option(fc.constant("/data"), { nil: undefined }),
      (env, auth, dataDir) => {
        let settings: ReturnType<typeof readKeySettings>;
        try {
          settings = readKeySettings(env, { auth, dataDir });
        } catch (error) {
          expect((error as Error).message).toMatch(/^[^\n]*KEY_(?:VAULT_URL|FILE)[^\n]*$/);
          return;
        }
        if (settings === undefined) expect(auth).toBe(false);
        else if (settings.kind === "vault") expect(new URL(settings.url).origin).toBe(settings.url);
        else expect([env["KEY_FILE"], `${dataDir}/keys.json`]).toContain(settings.path);
      },
    ),
  );
});
