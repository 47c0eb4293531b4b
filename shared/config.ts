import { asRegistryName, type RegistryName } from "./domain/name.ts";
import type { Hosts } from "./http/address.ts";
import { type LogLevel, logLevels } from "./telemetry/log.ts";

/** What the environment decides. Read once, checked whole, never changed. */
export interface Config {
  /** The folder that holds everything. */
  readonly dataDir: string;
  readonly hosts: Hosts;
  readonly logLevel: LogLevel;
  /** Accept manifests whose children are absent, as mirrors of one platform need. */
  readonly sparseManifests: boolean;
}

/** The registry that plain `localhost` means. */
const localRegistry = "local" as RegistryName;

/**
 * The configuration that these variables spell; each has a default.
 * @throws Error with one line that names the variable and what it should be
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return Object.freeze({
    dataDir: env["DATA_DIR"] || ".portolan",
    hosts: Object.freeze({
      plain: readHosts(env["PLAIN_HOSTS"] || "localhost,127.0.0.1,[::1]", "PLAIN_HOSTS"),
      shared: readHosts(env["SHARED_HOSTS"] || "registries.localhost", "SHARED_HOSTS"),
      domain: readHosts(env["REGISTRY_DOMAIN"] || "localhost", "REGISTRY_DOMAIN")[0] ?? "",
      defaultRegistry: readRegistry(env["DEFAULT_REGISTRY"]),
    }),
    logLevel: readLevel(env["LOG_LEVEL"] || "info"),
    sparseManifests: readSwitch(env["SPARSE_MANIFESTS"], "SPARSE_MANIFESTS"),
  });
}

function readHosts(text: string, variable: string): readonly string[] {
  const hosts = text.split(",").map((host) => host.trim().toLowerCase());
  for (const host of hosts) {
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)$/.test(host)) {
      throw new Error(
        `${variable} lists host names without ports, split by commas; ${JSON.stringify(host)} is none`,
      );
    }
  }
  return Object.freeze(hosts);
}

function readRegistry(text: string | undefined): RegistryName {
  if (text === undefined || text === "") return localRegistry;
  const name = asRegistryName(text);
  if (name === undefined) throw new Error("DEFAULT_REGISTRY is 5 to 50 lower-case letters and digits");
  return name;
}

function readLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new Error(`LOG_LEVEL is one of ${logLevels.join(", ")}`);
  return level;
}

function readSwitch(text: string | undefined, variable: string): boolean {
  if (text === undefined || text === "" || text === "false") return false;
  if (text === "true") return true;
  throw new Error(`${variable} is true or false`);
}
