import { startCosmosServer } from "../../support/cosmos-emulators.ts";
import { cosmosCapabilities } from "./capabilities.ts";
import { cosmosContract } from "./store.ts";

cosmosContract(
  "@vercel/cosmosdb-server",
  async () => await startCosmosServer(true),
  cosmosCapabilities.cosmosServer,
);
