import { startCosmosServer } from "../support/cosmos-emulators.ts";
import { cosmosCapabilities } from "./cosmos-capabilities.ts";
import { cosmosContract } from "./cosmos-store.ts";

cosmosContract(
  "@vercel/cosmosdb-server",
  async () => await startCosmosServer(true),
  cosmosCapabilities.cosmosServer,
);
