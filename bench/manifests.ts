import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Comparison } from "./comparison.ts";
import { type Image, imageMediaType, pushImage } from "./image.ts";
import { type Bench, inTurn } from "./part.ts";
import { findProgram } from "./programs.ts";
import type { Registry } from "./registry.ts";

const repository = "bench/manifests";
const layers = 8;
const connections = 32;
const seconds = 5;
const run = promisify(execFile);

/**
 * GET of one image's manifest, by tag and by digest, by wrk on 32 connections that are kept alive. Portolan runs with its
 * default settings, one log line a request, which count; and once more with `LOG_LEVEL=warn`. The peer writes no access log.
 */
export async function measureManifests(bench: Bench): Promise<Comparison[]> {
  const wrk = findProgram("wrk");
  const registries = [
    await bench.startPortolan(),
    await bench.startPeer(),
    await bench.startPortolan({ LOG_LEVEL: "warn" }, "portolan, no log lines"),
  ];
  const images = new Map<Registry, Image>();
  for (const registry of registries) {
    images.set(registry, await pushImage(registry.port, repository, "latest", layers));
  }
  const comparisons: Comparison[] = [];
  for (const by of ["tag", "digest"] as const) {
    const [ours, peer, quiet] = await inTurn(registries, bench.rounds, async (registry) => {
      const image = images.get(registry);
      if (image === undefined) throw new Error("every registry has an image");
      const url = `http://127.0.0.1:${registry.port}/v2/${repository}/manifests/${by === "tag" ? "latest" : image.digest}`;
      await checkManifest(url, image);
      return await requestsPerSecond(wrk, url);
    });
    if (ours === undefined || peer === undefined || quiet === undefined)
      throw new Error("three were measured");
    const target = { kind: "times-at-least", times: 10 } as const;
    const what = `manifest GET by ${by}`;
    comparisons.push({ what, unit: "requests/s", measured: ours, reference: peer, target });
    comparisons.push({
      what: `${what}, without log lines`,
      unit: "requests/s",
      measured: quiet,
      reference: peer,
    });
  }
  return comparisons;
}

async function checkManifest(url: string, image: Image): Promise<void> {
  const reply = await fetch(url, { headers: { accept: imageMediaType } });
  const bytes = Buffer.from(await reply.arrayBuffer());
  if (reply.status !== 200 || !bytes.equals(image.bytes)) throw new Error(`${url} is not what was pushed`);
}

/** @throws Error when some replies were errors, or wrk cannot be understood */
export async function requestsPerSecond(
  wrk: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const sent = Object.entries({ Accept: imageMediaType, ...headers }).flatMap(([name, value]) => [
    "-H",
    `${name}: ${value}`,
  ]);
  const { stdout } = await run(wrk, ["-t1", `-c${connections}`, `-d${seconds}s`, ...sent, url]);
  const rate = /Requests\/sec:\s+([0-9.]+)/.exec(stdout)?.[1];
  if (rate === undefined || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk ${url}:\n${stdout}`);
  return Number(rate);
}
