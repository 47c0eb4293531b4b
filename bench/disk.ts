import { execFileSync } from "node:child_process";
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** Files of a registry's data folder that are layers of these measurements, and nothing else. */
const layerBytesMin = 32 * 1024 ** 2;

/**
 * Both registries start a round alike: the layers of the round before are gone, and nothing waits to be written. @returns ms
 * that the disk needed for what was still to be written
 */
export function settleDisk(dataDirs: readonly string[]): number {
  const startedAt = performance.now();
  execFileSync("sync");
  const millis = performance.now() - startedAt;
  for (const folder of dataDirs) removeLayers(folder);
  execFileSync("sync");
  return millis;
}

function removeLayers(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    // A database is one large file, too.
    if (entry.isFile() && !path.endsWith(".mdb") && statSync(path).size >= layerBytesMin) unlinkSync(path);
  }
}
