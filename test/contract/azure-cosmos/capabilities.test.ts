import { expect, it } from "vitest";
import { type CosmosCapabilities, cosmosCapabilities, whole } from "./capabilities.ts";

const promises: Record<keyof CosmosCapabilities, string> = {
  atomicBatches: "a commit is applied whole, or refused and nothing of it applied",
  isolation: "no list sees half of a commit",
  etags: "no replacement under an old etag",
  etagsOfDeletes: "no deletion under an old etag",
  compareAndSet: "of several replacements at one moment, one wins",
  partitions: "one id in several partitions",
  absence: "a read does not find what another partition has",
  everyId: "every id that the port allows",
  changes: "change feed",
  expiry: "documents go when their life is over",
  refusesBadCommits: "bad commits are refused, by the adapter",
};

type Cell = boolean | "stand-in";

const columns: readonly (readonly [string, Record<keyof CosmosCapabilities, Cell>])[] = [
  ["the service, by its documentation", whole],
  [
    "@vercel/cosmosdb-server",
    { ...cosmosCapabilities.cosmosServer, atomicBatches: "stand-in", isolation: "stand-in" },
  ],
  ["Cosmium", cosmosCapabilities.cosmium],
  ["floci-az", cosmosCapabilities.floci],
  ["parlel", cosmosCapabilities.parlel],
];

function word(cell: Cell): string {
  return cell === "stand-in" ? cell : cell ? "yes" : "no";
}

function table(): string {
  const head = ["", ...columns.map(([name]) => name)];
  const rows = Object.entries(promises).map(([capability, promise]) => [
    promise,
    ...columns.map(([, has]) => word(has[capability as keyof CosmosCapabilities])),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

it("prints what each implementation of Cosmos DB can do, as the page beside it says", async () => {
  const page = [
    "# What each implementation of Cosmos DB can do",
    "The contract of documents runs on each; what one cannot do is declared in `capabilities.ts`, and its tests are left out there. Bad commits never reach any of them. On an account, all of it runs:",
    "```\nCOSMOS_ENDPOINT=https://<account>.documents.azure.com npx vitest run --project contract azure-cosmos/account\n```",
    table(),
    "The first emulator runs everywhere. Its own batches only create, and are not taken back when they fail, so `SequentialBatches` stands before it, which carries a batch out one operation after the other under a lock: it shows what the adapter sends and how it reads the answer, and nothing of the service's transactions.",
    "Cosmium and floci-az run where a program of that name is in `PATH`. Any other that runs already is named by `COSMOS_CONNECTION_STRING`, and by `COSMOS_EMULATOR` (cosmium, floci, parlel) if it lacks something.",
    "",
  ].join("\n\n");
  console.info(table());
  await expect(page).toMatchFileSnapshot("capabilities.md");
});
