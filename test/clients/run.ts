/**
 * Runs real clients against the built registry: `node test/clients/run.ts [--store azure] [--collecting] [CLIENT...]`, all clients
 * unless some are named, on this machine's disk unless emulators of Azure's services are asked for. With `--collecting` the registry
 * collects all the time, and after each client all that it pushed is deleted.
 * A client that is absent is skipped, and with CLIENTS_REQUIRED=all it is a failure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectingSettings, complainOf, describeCollected, readCollected } from "../support/collecting.ts";
import { type RunningRegistry, startRegistry } from "../support/registry-process.ts";
import { buildah } from "./buildah.ts";
import { cosign } from "./cosign.ts";
import { crane } from "./crane.ts";
import { ctr } from "./ctr.ts";
import { docker } from "./docker.ts";
import { dockerContainerdStore } from "./docker-containerd-store.ts";
import { helm } from "./helm.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { commandsIn, isPresent } from "./lab/command.ts";
import { deleteRepositories } from "./lab/delete-repositories.ts";
import { buildImages, type Images } from "./lab/images.ts";
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
    const environment = options.collecting ? collecting : {};
    const registry = await startRegistry({ folder: home, store: options.store, environment });
    for (const client of chosen) {
      await runClient(client, registry, images, folder, report);
      if (options.collecting) await deleteRepositories(registry.host);
    }
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

async function runClient(
  client: Client,
  registry: RunningRegistry,
  images: Images,
  parent: string,
  report: Report,
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
  const lab: Lab = {
    ...commandsIn(environmentOf(folder)),
    registry: registry.host,
    folder,
    images,
    wire: async () => await opened({ storage: registry.storage?.endpoint }),
    guardedWire: async () => await opened({ guarded: true }),
    storage: registry.storage,
  };
  const scenario = report.scenario(client.name);
  let settingUp: unknown;
  try {
    await client.check(lab, scenario);
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
