import { describe, expect, it } from "vitest";
import { readCosmosSettings } from "../../../shared/azure/cosmos/settings.ts";
import { type CosmosCapabilities, cosmosCapabilities, whole } from "./capabilities.ts";
import { cosmosContractOn } from "./store.ts";

/**
 * With `COSMOS_ENDPOINT`, the contract runs on an account, in the container `COSMOS_CONTAINER`, `contract` if it is not named;
 * with `COSMOS_CONNECTION_STRING` on an emulator that runs already, which `COSMOS_EMULATOR` names if it is known to lack
 * something.
 */
const settings = readCosmosSettings({ COSMOS_CONTAINER: "contract", ...process.env });

describe("Cosmos DB as configured", () => {
  if (settings === undefined) {
    it("is not configured, so the contract did not run on an account", () => {
      expect(process.env["COSMOS_ENDPOINT"] ?? "").toBe("");
    });
    return;
  }
  const emulator = process.env["COSMOS_EMULATOR"] ?? "";
  const known: Readonly<Record<string, CosmosCapabilities>> = { "": whole, ...cosmosCapabilities };
  const capabilities = known[emulator];
  if (capabilities === undefined) {
    throw new Error(`COSMOS_EMULATOR is one of ${Object.keys(cosmosCapabilities).join(", ")}`);
  }
  cosmosContractOn(new URL(settings.endpoint).host, settings, capabilities);
});
