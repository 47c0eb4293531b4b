import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Ports } from "../../shared/ports/ports.ts";

// A program: takes from the database one of the two descriptors of its file, commits, and prints what became of it. Through
// the first it writes pages and syncs them; through the second it writes the meta page that makes them count.

/** Linux: a write is on disk when the call returns. */
const flagDsync = 0o10000;

interface Descriptor {
  readonly number: number;
  readonly flags: number;
}

function descriptorsOf(file: string): Descriptor[] {
  const found: Descriptor[] = [];
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (!readlinkSync(`/proc/self/fd/${name}`).endsWith(file)) continue;
      const info = readFileSync(`/proc/self/fdinfo/${name}`, "latin1");
      found.push({ number: Number(name), flags: Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? "", 8) });
    } catch {
      // The descriptor that the listing itself used is closed by now.
    }
  }
  return found;
}

/** Makes the number mean another file, as the library does not expect. */
function replaceDescriptor({ number }: Descriptor, path: string, flags: string): void {
  closeSync(number);
  const other = openSync(path, flags);
  if (other !== number) throw new Error(`opened as ${other}, not as ${number}`);
}

async function commit(ports: Ports, id: string): Promise<string> {
  const document = { id, kind: "k", schema: 1, writer: "w" };
  try {
    return await ports.documents.commit("p", [{ op: "create", document }]);
  } catch {
    return "failed";
  }
}

const [, , folder = "", taken = ""] = process.argv;
const { ports, close } = await openLocalPorts(folder);
const before = await commit(ports, "before");
const descriptors = descriptorsOf("/database/data.mdb");
const meta = descriptors.find(({ flags }) => (flags & flagDsync) !== 0);
const pages = descriptors.find(({ flags }) => (flags & flagDsync) === 0);
if (meta === undefined || pages === undefined || descriptors.length !== 2) {
  throw new Error(`not the descriptors of LMDB: ${JSON.stringify(descriptors)}`);
}
// Writes to the null device succeed, but it cannot be synced.
if (taken === "sync") replaceDescriptor(pages, "/dev/null", "r+");
if (taken === "meta") replaceDescriptor(meta, `${folder}/database/data.mdb`, "r");
const after: string[] = [];
for (const id of ["after", "again", "later"]) after.push(await commit(ports, id));
await close();
process.stdout.write(`${before}, then ${after.join(" ")}\n`);
// What the library leaves open for its thread would keep the process.
process.exit(0);
