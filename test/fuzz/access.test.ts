import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allows,
  everyRepository,
  matches,
  type NamePattern,
  type RepositoryGrant,
  repositoryActions,
} from "../../shared/domain/access/actions.ts";
import { asNamePattern } from "../../shared/domain/access/pattern.ts";
import { grantScopes, parseScopes } from "../../shared/domain/access/scope.ts";
import { grantsOf, parseScopeMapAction } from "../../shared/domain/access/scope-map.ts";
import { visiblePatterns } from "../../shared/domain/access/visible.ts";
import { limits } from "../../shared/domain/limits.ts";
import { metRules } from "../../shared/identity/federation/met-rules.ts";
import { troublemakers } from "../unit/arbitraries.ts";
import { fuzz } from "./fuzzing.ts";

/** Names that are near enough to each other for mistakes; patterns are made of them. */
const names = ["a", "b", "ab", "a/a", "a/b", "a/ab", "a/a/a", "a/a/b", "a-b", "a/a-b", "b/a", "ab/a"];
const patterns = ["*", ...names, ...names.map((name) => `${name}/*`)] as NamePattern[];

/** What a pattern means, said part by part. */
function means(pattern: string, name: string): boolean {
  const parts = pattern.split("/");
  if (parts.at(-1) !== "*") return pattern === name;
  const before = parts.slice(0, -1);
  const named = name.split("/");
  return named.length > before.length && before.every((part, index) => part === named[index]);
}

const action = fc.constantFrom(...repositoryActions);
const grants = fc.array(
  fc.record({ name: fc.constantFrom(...patterns), actions: fc.uniqueArray(action, { maxLength: 7 }) }),
  { maxLength: 5 },
);
const mayBy = (given: readonly RepositoryGrant[], name: string, what: string) =>
  given.some((grant) => means(grant.name, name) && grant.actions.some((one) => one === what));

const strange = fc.constantFrom<string>(...troublemakers);
const noise = fc.string({ unit: fc.oneof(strange, fc.constantFrom(..."ab/*:,._-% Z0")), maxLength: 40 });

/** A scope, and what it asks for. */
const askedScope = fc
  .record({
    pattern: fc.constantFrom(...patterns),
    actions: fc.array(fc.oneof(action, fc.constantFrom("*", "admin", "PULL")), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map((asked) => ({ ...asked, text: `repository:${asked.pattern}:${asked.actions.join(",")}` }));

describe("scopes", () => {
  test("are worth what is both asked for and allowed, name by name", async () => {
    await fuzz(
      0.1,
      fc.property(grants, fc.array(askedScope, { maxLength: 5 }), fc.boolean(), (given, asked, joined) => {
        const texts = asked.map(({ text }) => text);
        const access = grantScopes(parseScopes(joined ? [texts.join(" ")] : texts), given);
        const got = access.flatMap((entry) => (entry.type === "repository" ? [entry] : []));
        expect(new Set(got.map(({ name }) => name)).size).toBe(got.length);
        for (const name of [...names, "c", "a/c", "a/a/c"]) {
          for (const what of repositoryActions) {
            const wanted = asked.some(
              ({ pattern, actions }) =>
                means(pattern, name) && (actions.includes("*") || actions.includes(what)),
            );
            expect([name, what, allows(got, name, what)]).toEqual([
              name,
              what,
              wanted && mayBy(given, name, what),
            ]);
          }
        }
      }),
    );
  });

  test("of whatever spelling are worth no more than what is allowed", async () => {
    const spelled = fc.oneof(
      noise,
      fc
        .tuple(fc.constantFrom("repository", "registry", "repository(a)"), noise, noise)
        .map((all) => all.join(":")),
    );
    await fuzz(
      0.08,
      fc.property(fc.array(spelled, { maxLength: 40 }), grants, (texts, given) => {
        const scopes = parseScopes(texts);
        expect(scopes.length).toBeLessThanOrEqual(limits.scopesMax);
        for (const { type, name, actions } of scopes) {
          expect(texts.join(" ")).toContain(`${type}:${name}:`);
          expect(`${type}${name}${actions.join("")}`).not.toMatch(/\s/);
        }
        for (const entry of grantScopes(scopes, given)) {
          if (entry.type === "registry") expect(given.length).toBeGreaterThan(0);
          else
            for (const what of entry.actions)
              expect(
                given.some((grant) => grant.actions.includes(what) && matches(grant.name, entry.name)),
              ).toBe(true);
        }
      }),
    );
  });
});

describe("patterns", () => {
  test("are names, names with a star behind them, and the star", async () => {
    const grammar =
      /^(?:\*|[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?:\/\*)?)$/;
    await fuzz(
      0.03,
      fc.property(fc.oneof(noise, fc.constantFrom(...patterns)), (text) => {
        expect(asNamePattern(text) !== undefined).toBe(grammar.test(text) && !text.includes("\n"));
      }),
    );
  });

  test("match what they mean", async () => {
    await fuzz(
      0.03,
      fc.property(
        fc.constantFrom(...patterns),
        fc.oneof(fc.constantFrom(...names), noise),
        (pattern, name) => {
          if (asNamePattern(name) === undefined || name === everyRepository || name.endsWith("/*")) return;
          expect(matches(pattern, name)).toBe(means(pattern, name));
        },
      ),
    );
  });

  test("of what is visible match that, each name once", async () => {
    await fuzz(
      0.03,
      fc.property(grants, (given) => {
        const visible = visiblePatterns(given);
        for (const name of names) {
          // Who may do nothing with a name is granted to see it, as by the role that lists catalogs.
          const listed = given.some((grant) => grant.actions.length === 0 && means(grant.name, name));
          const seen = listed || mayBy(given, name, "pull") || mayBy(given, name, "metadata_read");
          expect([name, visible.filter((pattern) => means(pattern, name)).length]).toEqual([
            name,
            seen ? 1 : 0,
          ]);
        }
        expect(visible).toEqual([...visible].sort());
      }),
    );
  });
});

test("scope maps grant what their actions say, and nothing for what cannot be read", async () => {
  const verbs = {
    "content/read": "pull",
    "content/write": "push",
    "content/delete": "delete",
    "metadata/read": "metadata_read",
    "metadata/write": "metadata_write",
    "deleted/read": "deleted_read",
    "deleted/restore": "deleted_restore",
  } as const;
  const verb = fc.constantFrom(...(Object.keys(verbs) as (keyof typeof verbs)[]));
  const good = fc.tuple(fc.constantFrom(...patterns), verb);
  const bad = fc.oneof(
    noise,
    noise.map((text) => `repositories/${text}/content/read`),
    fc.constantFrom(
      "repositories/a/content/",
      "repositories//content/read",
      "repositories/a/constructor/x",
      "Repositories/a/content/read",
    ),
  );
  await fuzz(
    0.06,
    fc.property(fc.array(good), fc.array(bad), (written, noisy) => {
      const readable = noisy.filter((text) => parseScopeMapAction(text) !== undefined);
      for (const text of readable) expect(text).toMatch(/^repositories\/[a-z0-9._\-/*]+\/[a-z]+\/[a-z]+$/);
      const texts = [
        ...noisy.filter((text) => !readable.includes(text)),
        ...written.map(([pattern, what]) => `repositories/${pattern}/${what}`),
      ];
      const granted = grantsOf(texts);
      expect(new Set(granted.map(({ name }) => name)).size).toBe(granted.length);
      for (const name of names) {
        for (const what of repositoryActions) {
          const said = written.some(([pattern, how]) => means(pattern, name) && verbs[how] === what);
          expect([name, what, allows(granted, name, what)]).toEqual([name, what, said]);
        }
      }
    }),
  );
});

test("trust rules are met when each condition has a value that matches a claim's", async () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab/-"), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom(..."ab/-*?"), minLength: 1, maxLength: 6 });
  const claimName = fc.constantFrom("sub", "ref", "__proto__", "constructor");
  const value = fc.oneof(
    text,
    fc.array(text, { maxLength: 3 }),
    fc.constantFrom(null, 1, true, undefined, {}),
  );
  const claims = fc.dictionary(fc.constantFrom("sub", "ref"), value);
  const condition = fc.record({ claim: claimName, values: fc.array(glob, { minLength: 1, maxLength: 3 }) });
  const rules = fc.array(fc.record({ conditions: fc.array(condition, { maxLength: 3 }) }), { maxLength: 4 });
  /** A glob without two stars in a row, as a regular expression. */
  const expression = (pattern: string) =>
    new RegExp(
      `^${pattern.replaceAll(/[-/]/g, "\\$&").replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`,
      "s",
    );
  await fuzz(
    0.06,
    fc.property(claims, rules, (said, given) => {
      fc.pre(!JSON.stringify(given).includes("**"));
      const met = given.filter(
        ({ conditions }) =>
          conditions.length > 0 &&
          conditions.every(({ claim, values }) => {
            const own = Object.hasOwn(said, claim) ? said[claim] : undefined;
            const all = (Array.isArray(own) ? own : [own]).filter(
              (one) => one !== null && one !== undefined && typeof one !== "object",
            );
            return values.some((pattern) => all.some((one) => expression(pattern).test(String(one))));
          }),
      );
      expect(metRules(said, given)).toEqual(met);
    }),
  );
});
