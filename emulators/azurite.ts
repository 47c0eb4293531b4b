import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface AzuriteOptions {
  /** Serve https, and take tokens of identities. */
  readonly certificate?: Certificate;
  /** Keep bytes in files, for tests that send more than fits into memory. */
  readonly onDisk?: boolean;
  /** Where its files are; removed when it stops. A temporary one when not told. */
  readonly folder?: string;
  /** Out of reach of the terminal's Ctrl-C, so that whoever started it decides when it ends. */
  readonly detached?: boolean;
}

/** A running emulator of Blob Storage and Storage Queues, on free ports of the loopback, with one account. */
export interface Azurite {
  readonly accountName: string;
  /** base64 */
  readonly accountKey: string;
  /** With the account as its path, as the emulator addresses accounts; its secondary is at the same with `-secondary` behind. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly connectionString: string;
  readonly pid: number;
  /** Ends it at once. */
  stop(): Promise<void>;
}

const startMillisMax = 60_000;
const accountName = "portolantest";

export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "portolan-azurite-")));
  const accountKey = randomBytes(64).toString("base64");
  const program = createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
  const child = spawn(process.execPath, [program, ...(await argumentsFor(options, folder))], {
    cwd: folder,
    detached: options.detached ?? false,
    env: { ...process.env, AZURITE_ACCOUNTS: `${accountName}:${accountKey}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [blob, queue] = await addressesOf(child);
    const blobEndpoint = `${blob}/${accountName}`;
    const queueEndpoint = `${queue}/${accountName}`;
    const connectionString =
      `AccountName=${accountName};AccountKey=${accountKey};BlobEndpoint=${blobEndpoint};` +
      `BlobSecondaryEndpoint=${blobEndpoint}-secondary;QueueEndpoint=${queueEndpoint}`;
    const { pid = 0 } = child;
    return { accountName, accountKey, blobEndpoint, queueEndpoint, connectionString, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function argumentsFor(options: AzuriteOptions, folder: string): Promise<string[]> {
  const hosts = ["blob", "queue", "table"].flatMap((service) => [
    `--${service}Host`,
    "127.0.0.1",
    `--${service}Port`,
    "0",
  ]);
  const given = [...hosts, "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
  if (options.onDisk !== true) given.push("--inMemoryPersistence");
  if (options.certificate !== undefined) {
    await writeFile(join(folder, "cert.pem"), options.certificate.cert);
    await writeFile(join(folder, "key.pem"), options.certificate.key, { mode: 0o600 });
    given.push("--oauth", "basic", "--cert", join(folder, "cert.pem"), "--key", join(folder, "key.pem"));
  }
  return given;
}

/** Where the blob and the queue service listen, which the emulator prints once they do. */
async function addressesOf(child: ChildProcess): Promise<[blob: string, queue: string]> {
  if (child.stdout === null) throw new Error("the emulator has no output");
  const lines = createInterface({ input: child.stdout });
  const giveUp = setTimeout(() => child.kill("SIGKILL"), startMillisMax);
  const found = new Map<string, string>();
  try {
    for await (const line of lines) {
      const [, service = "", address = ""] =
        /(\w+) service is successfully listening at (\S+)/.exec(line) ?? [];
      found.set(service, address);
      if (service === "Table") break;
    }
  } finally {
    clearTimeout(giveUp);
    child.stdout.resume();
  }
  const [blob, queue] = [found.get("Blob"), found.get("Queue")];
  if (blob === undefined || queue === undefined) throw new Error("the emulator did not start");
  return [blob, queue];
}
