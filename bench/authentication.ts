import { readFileSync } from "node:fs";
import { unlimitedRates } from "../test/support/unlimited-tiers.ts";
import type { Comparison } from "./comparison.ts";
import { type Image, imageMediaType, pushImage } from "./image.ts";
import { requestsPerSecond } from "./manifests.ts";
import { type Bench, inTurn } from "./part.ts";
import { findProgram } from "./programs.ts";

const repository = "bench/authentication";
const layers = 8;

interface Way {
  readonly label: string;
  readonly port: number;
  readonly authorization?: string;
}

/**
 * GET of one image's manifest by tag, by wrk on 32 connections that are kept alive, from two processes on the same data: one that is open
 * to anybody, and one whose callers say who they are, by an access token or by a password. Both write one log line a request.
 */
export async function measureAuthentication(bench: Bench): Promise<Comparison[]> {
  const wrk = findProgram("wrk");
  const open = await bench.startPortolan();
  const image = await pushImage(open.port, repository, "latest", layers);
  const guarded = await bench.startPortolan({ AUTH: "true", TIERS: unlimitedRates, DATA_DIR: open.dataDir });
  const password = administratorOf(guarded.logFile);
  const basic = `Basic ${Buffer.from(`administrator:${password}`).toString("base64")}`;
  const ways: readonly Way[] = [
    { label: "open", port: open.port },
    { label: "by token", port: guarded.port, authorization: await accessToken(guarded.port, basic) },
    { label: "by password", port: guarded.port, authorization: basic },
  ];
  for (const way of ways) await checkManifest(way, image);
  const [anybody, ...known] = await inTurn(ways, bench.rounds, async ({ port, authorization }) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return await requestsPerSecond(wrk, manifestUrl(port), headers);
  });
  if (anybody === undefined) throw new Error("three were measured");
  return known.map((measured) => ({
    what: `manifest GET ${measured.label}, warm`,
    unit: "requests/s",
    measured,
    reference: anybody,
    // Passwords come once, for a token; only who writes his own client sends them with each request.
    ...(measured.label === "by token" ? { target: { kind: "times-at-least", times: 0.9 } as const } : {}),
  }));
}

function manifestUrl(port: number): string {
  return `http://127.0.0.1:${port}/v2/${repository}/manifests/latest`;
}

/** The password that the registry shows once, at its first start. */
function administratorOf(logFile: string): string {
  const password = /(portolan_\S+)/.exec(readFileSync(logFile, "utf8"))?.[1];
  if (password === undefined) throw new Error("the registry has made no administrator");
  return password;
}

async function accessToken(port: number, authorization: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/oauth2/token?scope=repository:${repository}:pull`;
  const { access_token: token } = (await (await fetch(url, { headers: { authorization } })).json()) as {
    access_token: string;
  };
  return `Bearer ${token}`;
}

async function checkManifest({ port, authorization, label }: Way, image: Image): Promise<void> {
  const headers = { accept: imageMediaType, ...(authorization === undefined ? {} : { authorization }) };
  const reply = await fetch(manifestUrl(port), { headers });
  const bytes = Buffer.from(await reply.arrayBuffer());
  if (reply.status !== 200 || !bytes.equals(image.bytes)) throw new Error(`${label}: ${reply.status}`);
}
