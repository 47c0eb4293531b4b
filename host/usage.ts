import { readUsage, type UsageReport } from "../shared/usage-report.ts";

/** `npm run usage -- [registry] [--json]`: what a registry and its repositories have, as counted by the event consumer. */
async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => arg !== "--json");
  if (names.length > 1 || names.some((name) => name.startsWith("-"))) {
    throw new Error("usage: npm run usage -- [registry] [--json]");
  }
  const usage = await readUsage(process.env, names[0]);
  if (args.includes("--json")) {
    process.stdout.write(`${JSON.stringify(usage, undefined, 2)}\n`);
    return;
  }
  const { registry, bytes, blobs, updatedAt, repositories } = usage;
  const asOf = updatedAt === undefined ? "nothing counted yet" : `as of ${updatedAt}`;
  process.stdout.write(`${registry} stores ${blobs} blobs of ${bytes} bytes, ${asOf}\n`);
  if (repositories.length > 0) process.stdout.write(`\n${table(repositories)}`);
}

const columns = ["repository", "manifests", "manifestBytes", "tags", "blobs", "blobBytes"] as const;

/** Names to the left, numbers to the right. */
function table(repositories: UsageReport["repositories"]): string {
  const lines = [columns, ...repositories.map((row) => columns.map((name) => String(row[name])))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const aligned = lines.map(([name = "", ...numbers]) => [
    name.padEnd(widths[0] ?? 0),
    ...numbers.map((cell, index) => cell.padStart(widths[index + 1] ?? 0)),
  ]);
  return aligned.map((cells) => `${cells.join("  ")}\n`).join("");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`portolan: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
