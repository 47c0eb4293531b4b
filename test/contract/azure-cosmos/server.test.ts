import { startCosmosServer } from "../../../emulators/cosmos.ts";
import { cosmosCapabilities } from "./capabilities.ts";
import { cosmosContract } from "./store.ts";

cosmosContract(
  "@vercel/cosmosdb-server",
  async () => await startCosmosServer(true),
  cosmosCapabilities.cosmosServer,
);
