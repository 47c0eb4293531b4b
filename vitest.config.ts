import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const project = (name: string, testTimeoutMillis = 20_000) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: testTimeoutMillis, hookTimeout: 60_000 },
});

const fuzzMillis = Number(process.env["FUZZ_SECONDS"] || 0) * 1000;

/** One project a folder of `test/`, so that `vitest run --project protocol` runs one kind alone. */
export default defineConfig({
  test: {
    // Many tests wait for a process or for a grace to be over: even two processors have room for two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project("architecture", 60_000),
      project("unit"),
      project("contract"),
      project("protocol", 60_000),
      project("faults", 120_000),
      project("fuzz", 60_000 + fuzzMillis),
    ],
  },
});
