import {
  type OrphanReport,
  type RepositoryReport,
  readOrphans,
  readUsage,
  type UsageReport,
} from "../shared/usage-report.ts";
import { tellFailure } from "./tell-failure.ts";

const flags: readonly string[] = ["--json", "--recount", "--orphans"];

/**
 * `npm run usage -- [registry] [--recount | --orphans] [--json]`: what a registry and its repositories have, as counted by the event
 * consumer, or anew; or bytes that no document names.
 */
async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => !flags.includes(arg));
  if (names.length > 1 || names.some((name) => name.startsWith("-"))) {
    throw new Error("usage: npm run usage -- [registry] [--recount | --orphans] [--json]");
  }
  if (args.includes("--orphans")) {
    const orphans = await readOrphans(process.env, names[0]);
    process.stdout.write(
      args.includes("--json") ? `${JSON.stringify(orphans, undefined, 2)}\n` : list(orphans),
    );
    return;
  }
  const usage = await readUsage(process.env, names[0], args.includes("--recount"));
  process.stdout.write(args.includes("--json") ? `${JSON.stringify(usage, undefined, 2)}\n` : text(usage));
}

function list(orphans: readonly OrphanReport[]): string {
  const bytes = orphans.reduce((sum, { size }) => sum + size, 0);
  const lines = orphans.map(({ name, size, committedAt }) => `${committedAt}  ${size}  ${name}`);
  return [...lines, `${orphans.length} orphans of ${bytes} bytes`].map((line) => `${line}\n`).join("");
}

function text(usage: UsageReport): string {
  const { registry, bytes, blobs, condemnedBytes, condemnedBlobs, deleted, updatedAt, recount } = usage;
  const asOf = updatedAt === undefined ? "nothing counted yet" : `as of ${updatedAt}`;
  const lines = [
    `${registry} stores ${blobs} blobs of ${bytes} bytes, ${asOf}`,
    `to be reclaimed: ${condemnedBlobs} blobs of ${condemnedBytes} bytes`,
    `deleted, not purged yet: ${deleted.manifests} manifests of ${deleted.manifestBytes} bytes, ${deleted.tags} tags`,
    recount === undefined
      ? "never recounted"
      : `recounted ${recount.at}: ${recount.drifts} figures were wrong`,
    ...(recount?.drift ?? []).map(
      ({ of, name, kept, counted }) =>
        `  ${of} ${name}: ${JSON.stringify(kept)} instead of ${JSON.stringify(counted)}`,
    ),
  ];
  const live = usage.repositories.filter(({ generation }) => generation === undefined);
  const left = usage.repositories.filter(({ generation }) => generation !== undefined);
  if (live.length > 0) lines.push("", ...table(live, columns));
  if (left.length > 0) lines.push("", "deleted repositories", ...table(left, deletedColumns));
  return lines.map((line) => `${line}\n`).join("");
}

type Column = keyof RepositoryReport;
const columns: readonly Column[] = [
  "repository",
  "manifests",
  "manifestBytes",
  "tags",
  "blobs",
  "blobBytes",
  "uniqueBytes",
  "sharedBytes",
  "deletedManifests",
  "deletedTags",
];
const deletedColumns: readonly Column[] = [
  "repository",
  "generation",
  "manifests",
  "manifestBytes",
  "tags",
  "blobs",
  "blobBytes",
];

/** Names to the left, numbers to the right; a dash where nothing is known. */
function table(repositories: readonly RepositoryReport[], shown: readonly Column[]): string[] {
  const lines = [shown, ...repositories.map((row) => shown.map((name) => String(row[name] ?? "-")))];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const aligned = lines.map(([name = "", ...numbers]) => [
    name.padEnd(widths[0] ?? 0),
    ...numbers.map((cell, index) => cell.padStart(widths[index + 1] ?? 0)),
  ]);
  return aligned.map((cells) => cells.join("  "));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  tellFailure(error);
  process.exit(1);
});
