/**
 * Runs real clients against the built registry: `node test/clients/run.ts [--store azure] [--collecting] [--auth] [CLIENT...]`, all clients
 * unless some are named, on this machine's disk unless emulators of Azure's services are asked for. With `--collecting` the registry
 * collects all the time, and after each client all that it pushed is deleted.
 * With `--auth` the registry wants to know who is calling, and each client logs in with a token that may do no more than its scenarios.
 * A client that is absent is skipped, and with CLIENTS_REQUIRED=all it is a failure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectingSettings, complainOf, describeCollected, readCollected } from "../support/collecting.ts";
import type { Login } from "../support/registry-access.ts";
import { type RunningRegistry, startRegistry } from "../support/registry-process.ts";
import { buildah } from "./buildah.ts";
import { cosign } from "./cosign.ts";
import { crane } from "./crane.ts";
import { ctr } from "./ctr.ts";
import { docker } from "./docker.ts";
import { dockerContainerdStore } from "./docker-containerd-store.ts";
import { helm } from "./helm.ts";
import { Access, keepLogin } from "./lab/access.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { commandsIn, isPresent } from "./lab/command.ts";
import { deleteRepositories } from "./lab/delete-repositories.ts";
import { buildImages, type Images } from "./lab/images.ts";
import { longPushes, thinBytesPerSecond, tokenSeconds } from "./lab/long-pushes.ts";
import { checkRedirects } from "./lab/redirects.ts";
import { startWire, type Wire, type WireOptions } from "./lab/wire.ts";
import { oras } from "./oras.ts";
import { podman } from "./podman.ts";
import { regctl } from "./regctl.ts";
import { skopeo } from "./skopeo.ts";

const clients: readonly Client[] = [
  docker,
  dockerContainerdStore,
  podman,
  buildah,
  skopeo,
  ctr,
  crane,
  regctl,
  oras,
  helm,
  cosign,
];

/** Seconds with `--collecting`: of a lease, and of a request. */
const collecting = collectingSettings(20, 10);

/** For somebody who looks for the reason of a failure: daemons' logs, the registry's log, what was pulled. */
const keep = process.env["KEEP"] !== undefined;

class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  note(client: string, scenario: string, outcome: "ok" | "failed" | "absent", millis: number): void {
    const seconds = `${(millis / 1000).toFixed(1)} s`;
    console.log(`${client.padEnd(24)}${scenario.padEnd(58)}${outcome.padEnd(8)}${seconds.padStart(8)}`);
  }

  /** Runs one piece of work as a scenario. */
  scenario(client: string): Scenario {
    return async (name, body) => {
      const begun = Date.now();
      try {
        await body();
        this.passed += 1;
        this.note(client, name, "ok", Date.now() - begun);
      } catch (error) {
        this.failed += 1;
        this.note(client, name, "failed", Date.now() - begun);
        console.log(indented(error instanceof Error ? error.message : String(error)));
      }
    };
  }

  absent(client: Client, missing: readonly string[]): void {
    if (process.env["CLIENTS_REQUIRED"] === "all") this.failed += 1;
    else this.skipped += 1;
    this.note(client.name, `needs ${missing.join(", ")}`, "absent", 0);
  }
}

async function main(): Promise<number> {
  const { values: options, positionals: wanted } = parseArgs({
    options: {
      store: { type: "string", default: "local" },
      collecting: { type: "boolean", default: false },
      auth: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (options.store !== "local" && options.store !== "azure") {
    console.error(`--store is local or azure, not ${options.store}`);
    return 2;
  }
  const chosen = wanted.length === 0 ? clients : clients.filter(({ name }) => wanted.includes(name));
  const unknown = wanted.filter((name) => !clients.some((client) => client.name === name));
  if (unknown.length > 0) {
    console.error(
      `no such client: ${unknown.join(", ")}; there are ${clients.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "portolan-clients-"));
  const report = new Report();
  try {
    const begun = Date.now();
    const images = buildImages(join(folder, "images"));
    report.note("(images)", "build them", "ok", Date.now() - begun);
    const home = join(folder, "registry");
    mkdirSync(home);
    const environment = {
      ...(options.collecting ? collecting : {}),
      ...(options.auth ? { AUTH: "true", KEY_FILE: join(home, "keys.json") } : {}),
    };
    const registry = await startRegistry({ folder: home, store: options.store, environment });
    const access = options.auth ? new Access(registry) : undefined;
    await access?.prepare();
    const outliving = access === undefined ? undefined : outlive(chosen, folder, images, report);
    for (const client of chosen) {
      await runClient(client, { registry, access, images, parent: folder }, report);
      if (options.collecting) await deleteRepositories(registry.host);
    }
    await outliving;
    if (registry.storage !== undefined) await checkRedirects(registry.storage, report.scenario("(registry)"));
    if (options.collecting) await checkCollected(registry, report.scenario("(registry)"));
    await report.scenario("(registry)")("end on SIGTERM", async () => await registry.stop());
  } finally {
    remove(folder);
    if (keep) console.log(`kept: ${folder}`);
  }
  const { passed, failed, skipped } = report;
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed > 1 ? 0 : 1;
}

async function checkCollected({ logFile }: RunningRegistry, scenario: Scenario): Promise<void> {
  await scenario("collection while clients were at work", async () => {
    const collected = readCollected(logFile);
    console.log(describeCollected(collected));
    const complaint = complainOf(collected);
    if (complaint !== undefined) throw new Error(complaint);
    await Promise.resolve();
  });
}

/** On a registry of its own, whose tokens live for a minute, beside all else: it is mostly waiting. */
async function outlive(
  chosen: readonly Client[],
  folder: string,
  images: Images,
  report: Report,
): Promise<void> {
  const parent = join(folder, "long");
  const home = join(parent, "registry");
  mkdirSync(home, { recursive: true });
  const environment = { AUTH: "true", ACCESS_TOKEN_SECONDS: String(tokenSeconds) };
  const registry = await startRegistry({ folder: home, environment });
  const access = new Access(registry);
  await access.prepare();
  const world = { registry, access, images, parent, bytesPerSecond: thinBytesPerSecond };
  await Promise.all(chosen.map(async (client) => await runClient(client, world, report, longPushes)));
  await registry.stop();
}

interface World {
  /** Of each wire; usually as many as it can. */
  readonly bytesPerSecond?: number;
  readonly registry: RunningRegistry;
  readonly access: Access | undefined;
  readonly images: Images;
  readonly parent: string;
}

async function runClient(
  client: Client,
  { registry, access, images, parent, bytesPerSecond }: World,
  report: Report,
  check: (client: Client, lab: Lab, scenario: Scenario) => Promise<void> = async (one, lab, scenario) =>
    await one.check(lab, scenario),
): Promise<void> {
  const missing = client.needs.filter((program) => !isPresent(program));
  if (missing.length > 0) {
    report.absent(client, missing);
    return;
  }
  const folder = join(parent, client.name);
  const wires: Wire[] = [];
  const opened = async (options: WireOptions): Promise<Wire> => {
    const one = await startWire(registry.host, options);
    wires.push(one);
    return one;
  };
  const environment = environmentOf(folder);
  const login = await access?.loginOf(client);
  const logIn = (host: string, as: Login) => keepLogin(environment, host, as);
  const lab: Lab = {
    ...commandsIn(environment),
    // By another name than the storage's, which would get the tokens of clients that compare no ports.
    registry: login === undefined ? registry.host : registry.host.replace("127.0.0.1", "localhost"),
    folder,
    images,
    wire: async () => {
      const one = await opened({ storage: registry.storage?.endpoint, bytesPerSecond });
      if (login !== undefined) logIn(one.host, login);
      return one;
    },
    guardedWire: async () => await opened({ guarded: login === undefined }),
    strangersWire: async () => await opened({ storage: registry.storage?.endpoint }),
    storage: registry.storage,
    logIn,
    login,
    access,
  };
  const names = [registry.host, registry.host.replace("127.0.0.1", "localhost")];
  if (login !== undefined) for (const name of names) logIn(name, login);
  const scenario = report.scenario(client.name);
  let settingUp: unknown;
  try {
    await check(client, lab, scenario);
  } catch (error) {
    settingUp = error;
  }
  if (settingUp !== undefined) {
    await scenario("set up and tear down", async () => await Promise.reject(settingUp as Error));
  }
  for (const one of wires) await one.close();
  remove(folder);
}

function remove(folder: string): void {
  if (!keep) rmSync(folder, { recursive: true, force: true });
}

/** What a command of the client sees: nobody's configuration, no credentials, no proxy, a temporary folder of its own. */
function environmentOf(folder: string): NodeJS.ProcessEnv {
  const home = join(folder, "home");
  const temporary = join(folder, "tmp");
  mkdirSync(join(home, ".docker"), { recursive: true });
  mkdirSync(temporary);
  mkdirSync(join(folder, "run"));
  writeFileSync(join(home, ".docker/config.json"), "{}");
  return {
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    HOME: home,
    XDG_RUNTIME_DIR: join(folder, "run"),
    TMPDIR: temporary,
  };
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

process.exitCode = await main();
