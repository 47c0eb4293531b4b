import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Comparison } from "../comparison.ts";
import type { Bench } from "../part.ts";
import { findProgram } from "../programs.ts";
import { summarize } from "../statistics.ts";
import { administratorOf, basic, manage, premium } from "./manager.ts";
import { type Latencies, pushQuietImage, runQuietClient, type Tenant } from "./quiet-client.ts";

const [quietName, noisyName] = ["quiettenant", "noisytenant"];
const connections = 32;
const seconds = 6;
/** Until the noisy one has used up what it may send at once. */
const headMillis = 2_000;

/** What the noisy registry is sent, by wrk, as fast as it is answered. */
interface Noise {
  readonly label: string;
  readonly path: string;
  readonly authorization?: string;
  readonly method?: "GET" | "POST";
  readonly bodyBytes?: number;
}

/**
 * Two registries of one process, with the usual limits of their tier. One is pulled from, and pushed to now and then, at a fixed pace; the
 * other is sent far more than it may be, on 32 connections: requests over its rates, without and with bodies, logins that fail, requests
 * without login, and token requests. How long the quiet one's requests take is measured alone and beside each of these, in turn.
 */
export async function measureNeighbour(bench: Bench): Promise<Comparison[]> {
  const wrk = findProgram("wrk");
  const { port, pid, logFile } = await bench.startPortolan({ AUTH: "true" });
  const authorization = basic("administrator", administratorOf(logFile));
  for (const name of [quietName, noisyName]) await manage(port, authorization, "PUT", name, premium);
  const quiet: Tenant = { port, host: `${quietName}.localhost`, authorization };
  await pushQuietImage(quiet);
  const comparisons: Comparison[] = [];
  for (const noise of noises(authorization)) {
    const alone: Latencies[] = [];
    const beside: Latencies[] = [];
    let answered = 0;
    const busy = { alone: [] as number[], beside: [] as number[] };
    const quietly = async (into: number[]) => {
      const before = processorSeconds(pid);
      const latencies = await runQuietClient(quiet, seconds);
      into.push(((processorSeconds(pid) - before) / seconds) * 100);
      return latencies;
    };
    for (let round = 0; round <= bench.rounds; round++) {
      const [without, withNoise] = [
        await quietly(busy.alone),
        await besideNoise(bench, wrk, port, noise, async () => await quietly(busy.beside)),
      ];
      // The first round warms up.
      if (round === 0) continue;
      alone.push(without);
      beside.push(withNoise.result);
      answered += withNoise.requestsPerSecond / bench.rounds;
    }
    const [alonePart, besidePart] = [summarize(busy.alone).median, summarize(busy.beside).median];
    bench.print(
      `${noise.label}: ${answered.toFixed(0)} requests/s answered, the process is at work ` +
        `${besidePart.toFixed(0)} % of a processor's time, ${alonePart.toFixed(0)} % alone`,
    );
    bench.detail({ noise: noise.label, answered, alonePart, besidePart });
    comparisons.push(...compare(noise.label, alone, beside));
  }
  return comparisons;
}

function noises(authorization: string): readonly Noise[] {
  const manifest = "/v2/bench/noisy/manifests/latest";
  return [
    { label: "reads over the limit", path: manifest, authorization },
    { label: "requests without login", path: manifest },
    { label: "failed logins", path: manifest, authorization: basic("somebody", "wrong") },
    {
      label: "token requests",
      path: "/oauth2/token?scope=repository:bench/noisy:pull",
      authorization,
    },
    {
      label: "blob uploads over the limit",
      path: "/v2/bench/noisy/blobs/uploads/",
      authorization,
      method: "POST",
      bodyBytes: 64 * 1024,
    },
  ];
}

/** Runs `wrk` on the noisy registry until the work is done. */
async function besideNoise<T>(
  bench: Bench,
  wrk: string,
  port: number,
  { path, authorization, method = "GET", bodyBytes = 0 }: Noise,
  work: () => Promise<T>,
): Promise<{ result: T; requestsPerSecond: number }> {
  const script = join(bench.folder, "noise.lua");
  const body = bodyBytes === 0 ? "" : `wrk.body = "${randomBytes(bodyBytes / 2).toString("hex")}"\n`;
  writeFileSync(script, `wrk.method = "${method}"\n${body}`);
  const headers = ["-H", `Host: ${noisyName}.localhost`];
  if (authorization !== undefined) headers.push("-H", `Authorization: ${authorization}`);
  const duration = Math.ceil(headMillis / 1000) + seconds + 1;
  const options = ["-t1", `-c${connections}`, `-d${duration}s`, "-s", script, ...headers];
  const noise = spawn(wrk, [...options, `http://127.0.0.1:${port}${path}`]);
  try {
    const told = outputOf(noise);
    await sleep(headMillis);
    const result = await work();
    const rate = /Requests\/sec:\s+([0-9.]+)/.exec(await told)?.[1];
    if (rate === undefined) throw new Error(`wrk ${path}:\n${await told}`);
    return { result, requestsPerSecond: Number(rate) };
  } finally {
    noise.kill();
  }
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  await once(child, "close");
  return output;
}

function compare(label: string, alone: readonly Latencies[], beside: readonly Latencies[]): Comparison[] {
  const figures: readonly [string, (latencies: Latencies) => number, boolean][] = [
    ["pull p50", ({ pulls }) => percentile(pulls, 0.5), true],
    ["pull p99", ({ pulls }) => percentile(pulls, 0.99), true],
    ["push p50", ({ pushes }) => percentile(pushes, 0.5), false],
  ];
  return figures.map(([what, figure, judged]) => ({
    what: `${what} beside ${label}`,
    unit: "ms",
    measured: { label: "beside", rounds: beside.map(figure) },
    reference: { label: "alone", rounds: alone.map(figure) },
    ...(judged ? { target: { kind: "times-at-most", times: 1.1 } as const } : {}),
  }));
}

/** What the process has used so far; the kernel counts hundredths. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}
