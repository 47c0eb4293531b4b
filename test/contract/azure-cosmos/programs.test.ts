import { describe, expect, it } from "vitest";
import { programInPath, startCosmium, startFloci } from "../../../emulators/cosmos.ts";
import { cosmosCapabilities } from "./capabilities.ts";
import { cosmosContract } from "./store.ts";

// Emulators that no package registry has: they are used where somebody has installed them.
const programs = [
  { name: "cosmium", start: startCosmium, capabilities: cosmosCapabilities.cosmium },
  { name: "floci-az", start: startFloci, capabilities: cosmosCapabilities.floci },
];

describe("emulators in PATH", () => {
  for (const { name, start, capabilities } of programs) {
    const program = programInPath(name);
    if (program === undefined) {
      it(`has no ${name}, so the contract did not run on it`, () => {
        expect(programInPath(name)).toBeUndefined();
      });
    } else {
      cosmosContract(name, async () => await start(program), capabilities);
    }
  }
});
