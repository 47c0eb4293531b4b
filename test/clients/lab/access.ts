import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { administer } from "../../../shared/access-admin.ts";
import { addToken, type Login } from "../../support/registry-access.ts";
import type { RunningRegistry } from "../../support/registry-process.ts";
import type { Client } from "./client.ts";
import { lookAs } from "./registry-content.ts";

/** How long a change of who may do what may take to be seen by the registry that runs. */
const noticedMillisMax = 70_000;

let last: Promise<unknown> = Promise.resolve();

/** One after the other: a process that opens a store while it closes the same one waits for itself. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => undefined);
  return await turn;
}

/** Names in a registry that wants to know who is calling. */
export class Access {
  readonly #registry: RunningRegistry;
  #made = 0;

  constructor(registry: RunningRegistry) {
    this.#registry = registry;
  }

  /** Lets the lab itself see everything, and repositories be marked as open to everybody. */
  async prepare(): Promise<void> {
    const all = ["content/read", "content/delete", "metadata/read"].map((what) => `repositories/*/${what}`);
    const onlooker = await alone(async () => await addToken(this.#settings, "onlooker", all));
    const { host } = this.#registry;
    for (const name of [host, host.replace("127.0.0.1", "localhost")]) lookAs(name, onlooker);
    await alone(
      async () =>
        await administer(
          this.#settings,
          undefined,
          async (admin) => await admin.setAnonymousPull("selected"),
        ),
    );
  }

  get #settings(): Readonly<Record<string, string>> {
    const { environment } = this.#registry;
    if (environment === undefined) throw new Error("--auth needs a registry that is started here");
    return environment;
  }

  /** The least that the client's scenarios need. */
  async loginOf({ name, repositories = [name], deletes = false }: Client): Promise<Login> {
    return await this.token(repositories, deletes ? ["read", "write", "delete"] : ["read", "write"]);
  }

  /** A named token that may do this with the content of all that lies below these names. */
  async token(below: readonly string[], what: readonly ("read" | "write" | "delete")[]): Promise<Login> {
    const actions = below.flatMap((name) => what.map((one) => `repositories/${name}/*/content/${one}`));
    this.#made += 1;
    // Taken now: others may have been made when its turn comes.
    const name = `client-${this.#made}`;
    return await alone(async () => await addToken(this.#settings, name, actions));
  }

  /** Opens a repository to everybody, and waits until it is. */
  async open(repository: string, tag: string): Promise<void> {
    await alone(
      async () =>
        await administer(
          this.#settings,
          undefined,
          async (admin) => await admin.markRepository(repository, true),
        ),
    );
    const url = `http://${this.#registry.host}/v2/${repository}/manifests/${tag}`;
    for (const begun = Date.now(); Date.now() - begun < noticedMillisMax; await sleep(500)) {
      const { status } = await fetch(url, { method: "HEAD" });
      if (status === 200) return;
    }
    throw new Error(`${repository} is not open to everybody`);
  }

  /**
   * A refresh token, as a client gets one that asks for it.
   * @see https://distribution.github.io/distribution/spec/auth/oauth/
   */
  async session({ username, password }: Login): Promise<string> {
    const { host } = this.#registry;
    const form = { grant_type: "password", access_type: "offline", service: host, username, password };
    const answer = await fetch(`http://${host}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const { refresh_token: token } = (await answer.json()) as { refresh_token?: string };
    if (token === undefined) throw new Error(`no refresh token: ${answer.status}`);
    return token;
  }
}

type Auths = Record<string, { readonly auth: string }>;

/** What `docker login` leaves where all clients look that are not told by a flag. */
export function keepLogin(
  environment: Readonly<NodeJS.ProcessEnv>,
  host: string,
  { username, password }: Login,
): void {
  const file = configurationOf(environment);
  mkdirSync(dirname(file), { recursive: true });
  const { auths = {} } = JSON.parse(readFileSync(file, "utf8")) as { auths?: Auths };
  auths[host] = { auth: Buffer.from(`${username}:${password}`).toString("base64") };
  writeFileSync(file, JSON.stringify({ auths }));
}

/** Leaves nothing of any login. */
export function forgetLogins(environment: Readonly<NodeJS.ProcessEnv>): void {
  writeFileSync(configurationOf(environment), "{}");
  rmSync(join(environment["XDG_RUNTIME_DIR"] ?? "", "containers"), { recursive: true, force: true });
}

/** Runs what logs in and out as others do, and leaves the logins that were there. */
export async function amongLogins(
  environment: Readonly<NodeJS.ProcessEnv>,
  body: () => Promise<void>,
): Promise<void> {
  const kept = readFileSync(configurationOf(environment));
  await body();
  forgetLogins(environment);
  writeFileSync(configurationOf(environment), kept);
}

export function configurationOf(environment: Readonly<NodeJS.ProcessEnv>): string {
  return join(environment["HOME"] ?? "", ".docker/config.json");
}
