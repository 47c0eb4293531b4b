import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../harness/registry.ts";
import {
  actions,
  administrator,
  adminUser,
  anonymous,
  anonymousToken,
  asBearer,
  type Coming,
  entraAdministrator,
  entraRole,
  federated,
  formerAdminUser,
  late,
  lateWithBody,
  ofAnotherRegistry,
  ofFormerRegistry,
  password,
  revoked,
  saying,
  session,
  token,
  tokenAsPassword,
  wrongPassword,
} from "./matrix-callers.ts";
import { matrixRequests } from "./matrix-requests.ts";

const page = join(import.meta.dirname, "../../../docs/authorization.md");

/** All requests there are, by what they need. Every method of every route stands in exactly one row. */
const requests = {
  open: "GET health, HEAD health, GET readiness, HEAD readiness, POST oauth2-token, POST oauth2-exchange, GET public-keys, HEAD public-keys",
  token: "GET oauth2-token",
  login: "GET base, HEAD base",
  catalog: "GET catalog, HEAD catalog, GET acr-catalog",
  "deleted catalog": "GET acr-deleted-catalog",
  pull: "GET blob, HEAD blob, GET manifest, HEAD manifest, GET tags, HEAD tags, GET referrers, HEAD referrers",
  push: "POST upload-start, GET upload, PATCH upload, PUT upload, DELETE upload, PUT manifest, PUT acr-tag",
  delete:
    "DELETE blob, DELETE manifest, DELETE acr-repository, DELETE acr-deleted-repository, DELETE acr-deleted-tag, DELETE acr-deleted-manifest",
  untag: "DELETE acr-tag",
  "metadata read": "GET acr-repository, GET acr-tags, GET acr-tag, GET acr-manifests, GET acr-manifest",
  "metadata write": "PATCH acr-repository, PATCH acr-tag, PATCH acr-manifest",
  "deleted read": "GET acr-deleted-tags, GET acr-deleted-manifests",
  restore: "POST acr-deleted-repository, POST acr-deleted-manifest",
  "management read":
    "GET arm-subscriptions, GET arm-subscription, GET arm-resources, GET arm-resource-group, HEAD arm-resource-group, GET arm-registries, GET arm-group-registries, POST arm-name-availability, GET arm-registry, GET arm-usages, GET arm-repository-usages, GET arm-cost, GET arm-repository-costs, GET arm-lifecycle-policy, GET arm-lifecycle-preview, GET arm-deleted-repositories, GET arm-collection, GET arm-collection-preview, GET arm-usage-reconciliation, GET arm-tokens, GET arm-token, GET arm-scope-maps, GET arm-scope-map",
  management:
    "PUT arm-registry, PATCH arm-registry, DELETE arm-registry, PUT arm-lifecycle-policy, DELETE arm-lifecycle-policy, POST arm-lifecycle-preview, POST arm-usage-reconciliation, PUT arm-token, PATCH arm-token, DELETE arm-token, PUT arm-scope-map, PATCH arm-scope-map, DELETE arm-scope-map, POST arm-generate-credentials, POST arm-list-credentials, POST arm-regenerate-credential",
} as const;

const columns = Object.keys(requests) as (keyof typeof requests)[];

/**
 * What each caller gets, in the order of `requests`: `y` yes, `-` 401 and how to log in, `s` 401 insufficient_scope, `t` 401
 * invalid_token, `n` 403. The groups of five stand for: open, token, login, catalog, deleted catalog; pull, push, delete, untag,
 * metadata read; metadata write, deleted read, restore, management read, management.
 */
const expected: readonly (readonly [string, () => Promise<Coming>, string])[] = [
  ["nobody", anonymous(), "yy--- ----- -----"],
  ["nobody, where all may be pulled", anonymous("all"), "yy--- y---y -----"],
  [
    "nobody, where some may be pulled, and this one is marked",
    anonymous("selected", true),
    "yy--- y---y -----",
  ],
  [
    "nobody, where some may be pulled, and this one is not marked",
    anonymous("selected"),
    "yy--- ----- -----",
  ],
  [
    "nobody, where none may be pulled, though this one is marked",
    anonymous(undefined, true),
    "yy--- ----- -----",
  ],
  ["token of nobody's", anonymousToken(), "y-yss sssss sss--"],
  ["token of nobody's, where all may be pulled", anonymousToken("all"), "y-yys ysssy sss--"],
  ["token without any scope", token([]), "y-yss sssss sss--"],
  ["token for `pull`", token(["repository:team/app:pull"]), "y-yss yssss sss--"],
  ["token for `push`", token(["repository:team/app:push"]), "y-yss sysss sss--"],
  ["token for `delete`", token(["repository:team/app:delete"]), "y-yss ssyys sss--"],
  ["token for `metadata_read`", token(["repository:team/app:metadata_read"]), "y-yss ssssy sss--"],
  ["token for `metadata_write`", token(["repository:team/app:metadata_write"]), "y-yss sssys yss--"],
  ["token for `deleted_read`", token(["repository:team/app:deleted_read"]), "y-yss sssss sys--"],
  ["token for `deleted_restore`", token(["repository:team/app:deleted_restore"]), "y-yss sssss ssy--"],
  ["token for `pull` on `team/*`", token(["repository:team/*:pull"]), "y-yss yssss sss--"],
  ["token for `push` on `team/*`", token(["repository:team/*:push"]), "y-yss sysss sss--"],
  ["token for `delete` on `team/*`", token(["repository:team/*:delete"]), "y-yss ssyys sss--"],
  ["token for `metadata_read` on `team/*`", token(["repository:team/*:metadata_read"]), "y-yss ssssy sss--"],
  [
    "token for `metadata_write` on `team/*`",
    token(["repository:team/*:metadata_write"]),
    "y-yss sssys yss--",
  ],
  ["token for `deleted_read` on `team/*`", token(["repository:team/*:deleted_read"]), "y-yss sssss sys--"],
  [
    "token for `deleted_restore` on `team/*`",
    token(["repository:team/*:deleted_restore"]),
    "y-yss sssss ssy--",
  ],
  ...actions.map(
    (action) =>
      [
        `token for \`${action}\` on another repository`,
        token([`repository:team/other:${action}`]),
        "y-yss sssss sss--",
      ] as const,
  ),
  ...actions.map(
    (action) =>
      [
        `token for \`${action}\` on \`team/app/*\``,
        token([`repository:team/app/*:${action}`]),
        "y-yss sssss sss--",
      ] as const,
  ),
  ["token for `registry:catalog:*`", token(["registry:catalog:*"]), "y-yys sssss sss--"],
  ["token for `registry:deleted_catalog:*`", token(["registry:deleted_catalog:*"]), "y-ysy sssss sss--"],
  [
    "token for the catalog, where all may be pulled",
    token(["registry:catalog:*"], "all"),
    "y-yys ysssy sss--",
  ],
  ["named token, `_repositories_pull`", password("_repositories_pull"), "yyyyy ynnnn nnn--"],
  [
    "named token, `_repositories_pull_metadata_read`",
    password("_repositories_pull_metadata_read"),
    "yyyyy ynnny nnn--",
  ],
  ["named token, `_repositories_push`", password("_repositories_push"), "yyyyy yynnn nnn--"],
  [
    "named token, `_repositories_push_metadata_write`",
    password("_repositories_push_metadata_write"),
    "yyyyy yynyy ynn--",
  ],
  ["named token, `_repositories_admin`", password("_repositories_admin"), "yyyyy yyyyy yyy--"],
  [
    "named token of another repository",
    password(["repositories/team/other/content/read"]),
    "yyyyy nnnnn nnn--",
  ],
  ["named token, wrong password", wrongPassword, "y---- ----- -----"],
  ["admin user", adminUser(true), "yyyyy yyyyy yyy--"],
  ["admin user, switched off", adminUser(false), "y---- ----- -----"],
  ["token of an admin user who was switched off", formerAdminUser, "y-ttt ttttt ttt--"],
  ["administrator", administrator, "yyyyy yyyyy yyyyy"],
  [
    "token of the administrator, for everything",
    token(["repository:*:*", "registry:catalog:*", "registry:deleted_catalog:*"]),
    "y-yyy yyyyy yyy--",
  ],
  ["token for `pull`, as the password", tokenAsPassword(["repository:team/app:pull"]), "yyyss yssss sss--"],
  ["session of the administrator, as the password", session, "yyyyy yyyyy yyyyy"],
  ["session of the administrator, as a bearer token", asBearer(session), "y-ttt ttttt tttyy"],
  ["token of an issuer with a trust rule, `_repositories_push`", federated(false), "yyyyy yynnn nnn--"],
  ["token that was given for it", federated(true), "y-yys yysss sss--"],
  ["administrator by Entra", entraAdministrator, "yyyyy yyyyy yyyyy"],
  ["administrator by Entra, as a bearer token", asBearer(entraAdministrator), "y-ttt ttttt tttyy"],
  ["Contributor by Entra", entraRole("contributor"), "yyyyy yyyyy yyyyy"],
  ["Reader by Entra", entraRole("reader"), "yyyyy ynnny nynyn"],
  ["Reader by Entra, as a bearer token", asBearer(entraRole("reader")), "y-ttt ttttt tttyn"],
  ["AcrPush by Entra", entraRole("pusher"), "yyyyy yynny nnnnn"],
  ["somebody of the tenant who has no role", entraRole("nobody"), "y---- ----- ---nn"],
  ["administrator's password, as a bearer token", asBearer(administrator), "y-ttt ttttt ttt--"],
  ["token for everything of another registry", ofAnotherRegistry, "y-ttt ttttt ttt--"],
  ["token for everything of a registry that had the name", ofFormerRegistry, "y-ttt ttttt ttt--"],
  ["token for everything, half a minute before it expires", late(270), "y-yss yyyyy yyy--"],
  ["token for everything, expired", late(300), "y-ttt ttttt ttt--"],
  ["token for everything, just expired, with a body", lateWithBody(329), "y-ttt tyttt ttt--"],
  ["token for everything, expired for half a minute, with a body", lateWithBody(330), "y-ttt ttttt ttt--"],
  ["token for everything, revoked", revoked, "y-ttt ttttt ttt--"],
  ["Bearer with what is no token", saying("Bearer abc"), "y-ttt ttttt ttt--"],
  ["Basic with what is no password", saying("Basic abc"), "y---- ----- -----"],
  ["another scheme", saying("Negotiate abc"), "y---- ----- -----"],
];

const words: Readonly<Record<string, string>> = {
  y: "yes",
  "-": "401",
  s: "401 scope",
  t: "401 token",
  n: "403",
};

/** What the authorization said. Whatever comes after it is none of its business. */
function outcomeOf({ status, headers }: Answer): string {
  if (status === 403) return "n";
  if (status !== 401) return status < 500 && status !== 429 ? "y" : `?${status}`;
  const challenge = headers["www-authenticate"] ?? "";
  if (challenge.includes('error="insufficient_scope"')) return "s";
  if (challenge.includes('error="invalid_token"')) return "t";
  return /^(Basic|Bearer) realm="/.test(challenge) && !challenge.includes("error=") ? "-" : "?401";
}

/** Every request of one caller, each column in one letter, or, where its requests differ, all that they got. */
async function measure(come: () => Promise<Coming>): Promise<string> {
  const { to, headers } = await come();
  const outcomes = new Map<string, string>();
  for (const { key, method, target } of matrixRequests)
    outcomes.set(key, outcomeOf(await to.send({ method, target, headers })));
  const cells = columns.map((column) => {
    const all = requests[column].split(", ").map((key) => [key, outcomes.get(key) ?? "?"] as const);
    const [[, first] = ["", "?"]] = all;
    return all.every(([, outcome]) => outcome === first)
      ? first
      : `{${all.map((one) => one.join(" ")).join(", ")}}`;
  });
  return [cells.slice(0, 5), cells.slice(5, 10), cells.slice(10)].map((group) => group.join("")).join(" ");
}

describe("who may do what", () => {
  const measured = new Map<string, string>();
  beforeAll(async () => {
    for (const [caller, come] of expected) measured.set(caller, await measure(come));
  });

  test("is said of every method of every route", () => {
    const said = Object.values(requests).flatMap((keys) => keys.split(", "));
    expect(said.toSorted()).toEqual(matrixRequests.map(({ key }) => key).toSorted());
  });

  test.each(expected.map(([caller, , cells]) => [caller, cells] as const))("%s", (caller, cells) => {
    expect(measured.get(caller)).toBe(cells);
  });

  test("is what docs/authorization.md says", async () => {
    const rows = [
      ...columns.map((column) => `| ${column} | ${requests[column]} |`),
      ...[...measured].map(([caller, cells]) => {
        const said = [...cells.replaceAll(" ", "")].map((cell) => words[cell] ?? cell);
        return `| ${[caller, ...said].join(" | ")} |`;
      }),
    ];
    process.stdout.write(`${rows.join("\n")}\n`);
    const lines = (await readFile(page, "utf8")).split("\n");
    const isRow = (line: string) =>
      line.startsWith("| ") && !line.startsWith("| what") && !line.startsWith("| who");
    if (process.env["WRITE_DOCS"] === "authorization") {
      const [needs, callers] = [rows.slice(0, columns.length), rows.slice(columns.length)];
      let tables = 0;
      const written = lines
        .filter((line) => !isRow(line))
        .flatMap((line) => {
          if (!line.startsWith("|---")) return [line];
          tables += 1;
          return [line, ...(tables === 1 ? needs : callers)];
        });
      await writeFile(page, written.join("\n"));
    } else expect(lines.filter(isRow)).toEqual(rows);
  });
});
