import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { ManualClock } from "../../../shared/memory/world.ts";
import { dependenciesOf } from "../../../shared/readiness/dependencies.ts";
import type { Dependency } from "../../../shared/readiness/dependency.ts";
import { Readiness, reportOn } from "../../../shared/readiness/readiness.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

function dependency(name: string, outcome: () => Promise<void>, remedy?: string): Dependency {
  return { name, try: outcome, explain: () => remedy };
}

describe("readiness", () => {
  it("tells of each dependency by itself, and what to do about those that fail", async () => {
    const told: unknown[] = [];
    const dependencies = [
      dependency("documents", async () => {}),
      dependency(
        "keys",
        async () => {
          throw new Error("a secret of the log's");
        },
        "a role is missing",
      ),
    ];
    const onFailure = (name: string, error: unknown) => told.push([name, String(error)]);
    const readiness = new Readiness(() => reportOn(dependencies, onFailure), new ManualClock(0));
    const report = await readiness.report();
    expect(report).toEqual({
      status: "not ready",
      checks: [
        { name: "documents", status: "ok" },
        { name: "keys", status: "failed", remedy: "a role is missing" },
      ],
    });
    expect(told).toEqual([["keys", "Error: a secret of the log's"]]);
  });

  it("tries once for all who ask within some seconds, and then again", async () => {
    let tries = 0;
    const clock = new ManualClock(0);
    const count = async () => {
      tries += 1;
    };
    const readiness = new Readiness(() => reportOn([dependency("documents", count)], () => {}), clock);
    await Promise.all(Array.from({ length: 50 }, () => readiness.report()));
    clock.advance(limits.readinessSeconds * 1000 - 1);
    await readiness.report();
    expect(tries).toBe(1);
    clock.advance(1);
    await readiness.report();
    expect(tries).toBe(2);
  });
});

describe("what a registry needs of its stores", () => {
  it("is tried as it is used, and nothing is left of it", async () => {
    const { ports, blobs } = openMemoryPorts();
    const before = [...blobs.places()];
    const queues = ["events"];
    const explain = () => undefined;
    const dependencies = dependenciesOf(
      {
        ports,
        accounts: ["local", "local.team1"],
        queues,
        keys: { read: async () => "", write: async () => {} },
      },
      { documents: explain, blobs: explain, work: explain, keys: explain },
    );
    expect(dependencies.map(({ name }) => name)).toEqual([
      "documents",
      "blobs of local",
      "blobs of local.team1",
      "queue events",
      "keys",
    ]);
    for (const { try: attempt } of dependencies) await attempt();
    expect([...blobs.places()]).toEqual(before);
  });
});
