import type { AccessAdmin } from "../../shared/access-admin.ts";
import { type Command, type Option, type Output, table, told, UsageError } from "./command.ts";

type TrustRuleReport = Awaited<ReturnType<AccessAdmin["showTrustRule"]>>;
type Conditions = TrustRuleReport["conditions"];

const statuses = ["enabled", "disabled"] as const;
const options: Readonly<Record<string, Option>> = {
  issuer: { value: "<url>", help: "who issues the tokens, as their iss says, as in https://gitlab.com" },
  audience: {
    value: "<text>",
    help: "whom they are issued for, as their aud says; usually the login server",
  },
  claim: {
    value: "<claim>=<glob>",
    help: "a claim that has to match; several claims all have to, several globs of one claim are alternatives",
    multiple: true,
  },
  "scope-map": { value: "<name>", help: "what may be done then; `scope-maps list` lists them" },
  status: { value: "<status>", help: "enabled or disabled" },
};
const demanded = (name: string): Option => ({ help: "", ...options[name], required: true });

export const trustRuleCommands: Readonly<Record<string, Command>> = {
  "trust-rules list": {
    summary: "Lists the registry's trust rules.",
    run: async (admin) => {
      const rules = await admin.listTrustRules();
      const rows = rules.map((rule) => [rule.name, rule.issuer, rule.scopeMap, rule.status]);
      return { lines: table(["trust rule", "issuer", "scope map", "status"], rows), json: rules };
    },
  },
  "trust-rules show": {
    summary: "Shows a trust rule.",
    args: ["<name>"],
    run: async (admin, { name }) => shown(await admin.showTrustRule(name)),
  },
  "trust-rules create": {
    summary: "Makes a trust rule: who comes with such a token of that issuer needs no password.",
    args: ["<name>"],
    options: {
      ...options,
      issuer: demanded("issuer"),
      claim: demanded("claim"),
      "scope-map": demanded("scope-map"),
    },
    run: async (admin, given) =>
      shown(
        await admin.createTrustRule({
          name: given.name,
          issuer: given.text("issuer") ?? "",
          audience: given.text("audience") ?? admin.server,
          conditions: conditionsOf(given.texts("claim") ?? []),
          scopeMap: given.text("scope-map") ?? "",
          ...told({ status: given.choice("status", statuses) }),
        }),
      ),
  },
  "trust-rules update": {
    summary: "Changes, disables or enables a trust rule; sessions from before are over.",
    args: ["<name>"],
    options,
    run: async (admin, given) => {
      const claims = given.texts("claim");
      const changes = told({
        issuer: given.text("issuer"),
        audience: given.text("audience"),
        conditions: claims === undefined ? undefined : conditionsOf(claims),
        scopeMap: given.text("scope-map"),
        status: given.choice("status", statuses),
      });
      if (Object.keys(changes).length === 0) {
        throw new UsageError("say what to change: --issuer, --audience, --claim, --scope-map or --status");
      }
      return shown(await admin.updateTrustRule(given.name, changes));
    },
  },
  "trust-rules delete": {
    summary: "Deletes a trust rule; whoever came by it is out within a minute.",
    args: ["<name>"],
    run: async (admin, { name }) => {
      await admin.deleteTrustRule(name);
      return { lines: [`the trust rule ${name} is deleted`], json: { deleted: name } };
    },
  },
};

/** @throws UsageError */
function conditionsOf(claims: readonly string[]): Conditions {
  const byClaim = new Map<string, string[]>();
  for (const text of claims) {
    const [, claim = "", glob = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (claim === "")
      throw new UsageError(`--claim is <claim>=<glob>, as in repository=octo/app, not ${text}`);
    byClaim.set(claim, [...(byClaim.get(claim) ?? []), glob]);
  }
  return [...byClaim].map(([claim, values]) => ({ claim, values }));
}

function shown(rule: TrustRuleReport): Output {
  const lines = [
    `trust rule  ${rule.name}`,
    `issuer      ${rule.issuer}`,
    `audience    ${rule.audience}`,
    ...rule.conditions.map(
      ({ claim, values }, index) =>
        `${(index === 0 ? "claims" : "").padEnd(12)}${claim} = ${values.join(" or ")}`,
    ),
    `scope map   ${rule.scopeMap}`,
    `status      ${rule.status}`,
    `changed     ${rule.changedAt}`,
  ];
  return { lines, json: rule };
}
