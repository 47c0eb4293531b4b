import { cpus, loadavg, release, totalmem } from "node:os";
import { ProgramAbsent } from "./programs.ts";
import { peerVersion } from "./registry.ts";

/** What figures depend on. */
export function describeMachine(): Readonly<Record<string, string>> {
  const cores = cpus();
  return {
    time: new Date().toISOString(),
    processor: `${cores[0]?.model ?? "unknown"}, ${cores.length} cores`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(1)} GiB`,
    kernel: release(),
    node: process.version,
    peer: describePeer(),
    // Others at work on the machine take from both sides, and make the figures uncertain.
    load: loadavg()
      .map((load) => load.toFixed(2))
      .join(" "),
  };
}

function describePeer(): string {
  try {
    return peerVersion();
  } catch (error) {
    if (error instanceof ProgramAbsent) return error.message;
    throw error;
  }
}
