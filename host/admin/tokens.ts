import type { AccessAdmin, Credentials } from "../../shared/access-admin.ts";
import { type Command, type Given, type Output, oneOf, table, told, UsageError } from "./command.ts";

type TokenReport = Awaited<ReturnType<AccessAdmin["showToken"]>>;
type PasswordReport = TokenReport["passwords"][number];

const slots = ["password1", "password2"] as const;
const statuses = ["enabled", "disabled"] as const;
const status = { value: "<status>", help: "enabled or disabled" } as const;
const expires = {
  value: "<time>",
  help: "when the password expires: 2027-01-31, or 90d or 12h from now; usually never",
} as const;

export const tokenCommands: Readonly<Record<string, Command>> = {
  "tokens list": {
    summary: "Lists the registry's tokens.",
    run: async (admin) => {
      const tokens = await admin.listTokens();
      const rows = tokens.map((token) => [
        token.name,
        token.scopeMap,
        token.status,
        token.passwords.map(passwordText).join(", ") || "-",
      ]);
      return { lines: table(["token", "scope map", "status", "passwords"], rows), json: tokens };
    },
  },
  "tokens show": {
    summary: "Shows a token.",
    args: ["<name>"],
    run: async (admin, { name }) => shown(await admin.showToken(name)),
  },
  "tokens create": {
    summary: "Makes a token, a user name with two passwords, and prints them once.",
    args: ["<name>"],
    options: {
      "scope-map": { value: "<name>", help: "what it may do; `scope-maps list` lists them", required: true },
      status,
      expires: { ...expires, help: expires.help.replace("the password expires", "both passwords expire") },
    },
    run: create,
  },
  "tokens update": {
    summary: "Changes what a token may do, disables or enables it, or takes a password from it.",
    args: ["<name>"],
    options: {
      "scope-map": { value: "<name>", help: "what it may do from now on" },
      status,
      "remove-password": { value: "<which>", help: "password1 or password2, which is worthless from now on" },
    },
    run: update,
  },
  "tokens regenerate": {
    summary: "Makes one of a token's passwords anew and prints it once; the one before is worthless.",
    args: ["<name>"],
    options: { password: { value: "<which>", help: "password1 (usual) or password2" }, expires },
    run: async (admin, given) => {
      const slot = given.choice("password", slots) ?? "password1";
      return credentialsOutput(await admin.regenerateToken(given.name, slot, given.time("expires")));
    },
  },
  "tokens delete": {
    summary: "Deletes a token; whoever uses it is out within a minute.",
    args: ["<name>"],
    run: async (admin, { name }) => {
      await admin.deleteToken(name);
      return { lines: [`the token ${name} is deleted`], json: { deleted: name } };
    },
  },
};

async function create(admin: AccessAdmin, given: Given): Promise<Output> {
  const { token, credentials } = await admin.createToken({
    name: given.name,
    scopeMap: given.text("scope-map") ?? "",
    passwords: slots,
    ...told({ status: given.choice("status", statuses), expiresAt: given.time("expires") }),
  });
  const { lines, json } = credentialsOutput(credentials);
  return {
    lines: [`the token ${token.name} is made, with the scope map ${token.scopeMap}`, ...lines],
    json: { token, ...(json as object) },
  };
}

async function update(admin: AccessAdmin, given: Given): Promise<Output> {
  const changes = told({ scopeMap: given.text("scope-map"), status: given.choice("status", statuses) });
  const removed = given.choice("remove-password", slots);
  if (removed === undefined && Object.keys(changes).length === 0) {
    throw new UsageError("say what to change: --scope-map, --status or --remove-password");
  }
  const updated = Object.keys(changes).length > 0 ? await admin.updateToken(given.name, changes) : undefined;
  const token = removed === undefined ? updated : await admin.removeTokenPassword(given.name, removed);
  return shown(token ?? (await admin.showToken(given.name)));
}

function shown(token: TokenReport): Output {
  const lines = [
    `token      ${token.name}`,
    `scope map  ${token.scopeMap}`,
    `status     ${token.status}`,
    `passwords  ${token.passwords.map(passwordText).join(", ") || "none; `tokens regenerate` makes one"}`,
    `created    ${token.createdAt}`,
  ];
  return { lines, json: token };
}

export function passwordText({ name, expiresAt }: PasswordReport): string {
  if (expiresAt === undefined) return name;
  return `${name} (${Date.parse(expiresAt) <= Date.now() ? "expired" : "expires"} ${expiresAt})`;
}

/** Passwords, each on a line of its own, and how to log in with them. */
export function credentialsOutput({ server, username, passwords }: Credentials): Output {
  const lines = [
    ...Object.entries(passwords).map(([name, plain]) => `${name}: ${plain}`),
    "nobody is shown that again; log in, with a password when asked for it, by",
    `docker login --username ${username} ${server}`,
  ];
  return { lines, json: { credentials: { server, username, passwords } } };
}

/** @throws UsageError */
export function passwordSlot(text: string): (typeof slots)[number] {
  return oneOf("the password", text, slots);
}
