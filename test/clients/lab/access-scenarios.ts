import type { Login } from "../../support/registry-access.ts";
import { type Access, amongLogins, forgetLogins } from "./access.ts";
import type { Lab, Scenario } from "./client.ts";
import { must, verifyStored } from "./registry-content.ts";
import { mounts, transcript, uploadedBytes, type Wire } from "./wire.ts";

/** A client, as far as it matters who uses it. */
export interface Tool {
  /** The part of repositories' names that is its own. */
  readonly prefix: string;
  /** Of what is pushed; usually `v1`. */
  readonly tag?: string;
  /** By the client's own command; as nobody, to log out. */
  logIn(host: string, login: Login): Promise<void>;
  /** Puts something small there. @param image `host:port/<repository>:<tag>` */
  push(image: string): Promise<void>;
  pull(image: string): Promise<void>;
  /** What it prints when its password is wrong. */
  readonly saysWrongPassword: RegExp;
  /** What it prints when it may not push; where it shows the registry's message, what is missing. */
  readonly saysDenied: RegExp;
}

/** What the registry says. */
export const whatIsMissing =
  /push on repository \S+ is needed, and the token is granted (pull there|nothing there)/;
export const wrongPassword = /the user name or the password is wrong/;

/** Logs in wrongly, with too little and not at all, where the registry wants to know who is calling. */
export async function accessScenarios(lab: Lab, scenario: Scenario, tool: Tool): Promise<void> {
  const { access, login } = lab;
  if (access === undefined || login === undefined) return;
  await amongLogins(
    lab.environment,
    async () => await loginScenarios(lab, scenario, tool, { access, login }),
  );
}

async function loginScenarios(
  lab: Lab,
  scenario: Scenario,
  tool: Tool,
  { access, login }: { readonly access: Access; readonly login: Login },
): Promise<void> {
  const { prefix, tag = "v1" } = tool;
  const { host } = await lab.strangersWire();
  const image = `${host}/${prefix}/access:${tag}`;
  const open = `${host}/${prefix}/open:${tag}`;

  await scenario("log in by its own command, push and pull", async () => {
    forgetLogins(lab.environment);
    await tool.logIn(host, login);
    for (const one of [image, open]) await tool.push(one);
    await verifyStored(lab.registry, `${prefix}/access`, tag);
    await tool.pull(image);
  });
  await scenario("a wrong password is refused", async () => {
    forgetLogins(lab.environment);
    const wrong = { ...login, password: `${login.password.slice(0, -1)}!` };
    const said = await refusal(async () => {
      await tool.logIn(host, wrong);
      await tool.pull(image);
    });
    must(tool.saysWrongPassword.test(said), `not for a wrong password:\n${said}`);
  });
  await scenario("a token that may only pull pulls, and is told what a push needs", async () => {
    forgetLogins(lab.environment);
    await tool.logIn(host, await access.token([prefix], ["read"]));
    await tool.pull(image);
    const said = await refusal(async () => await tool.push(`${host}/${prefix}/denied:${tag}`));
    must(tool.saysDenied.test(said), `not what is missing:\n${said}`);
  });
  await scenario("pull without login what is open to everybody, and nothing else", async () => {
    await access.open(`${prefix}/open`, tag);
    forgetLogins(lab.environment);
    await tool.logIn(host, nobody);
    await tool.pull(open);
    const said = await refusal(async () => await tool.pull(image));
    must(/authentication required|unauthorized|denied|401/i.test(said), `not for want of a login:\n${said}`);
  });
}

/** Whoever does not log in. */
const nobody: Login = { username: "", password: "" };

/** Pushes elsewhere what the client knows from a repository that it may not read any more: it has to upload. */
export async function forbiddenMountScenario(
  lab: Lab,
  scenario: Scenario,
  { wire, prefix }: { readonly wire: Wire; readonly prefix: string },
  push: (repository: string) => Promise<unknown>,
): Promise<void> {
  const { access } = lab;
  if (access === undefined) return;
  await scenario("push without a mount from where it may not read", async () => {
    const elsewhere = `${prefix}-elsewhere`;
    const login = await access.token([elsewhere], ["read", "write"]);
    wire.forget();
    await amongLogins(lab.environment, async () => {
      lab.logIn(wire.host, login);
      await push(`${elsewhere}/app`);
    });
    must(mounts(wire).length === 0, `mounted from what it may not read:\n${transcript(wire)}`);
    must(uploadedBytes(wire) > 0, `nothing was uploaded:\n${transcript(wire)}`);
    await verifyStored(lab.registry, `${elsewhere}/app`, "v1");
  });
}

/** What a command says that must not succeed. */
async function refusal(body: () => Promise<unknown>): Promise<string> {
  let said: string | undefined;
  try {
    await body();
  } catch (error) {
    said = error instanceof Error ? error.message : String(error);
  }
  must(said !== undefined, "it was not refused");
  return said;
}
