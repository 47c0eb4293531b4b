import { RegistryError } from "../../shared/domain/errors.ts";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Operation } from "../../shared/ports/document-store.ts";
import { nothing, propertiesOf, sampleBytes } from "../contract/sample-blobs.ts";

// A program, run with a small limit on the size of files: fills the database, and prints what became of each step.

// Without a handler the signal of the limit would end the process; with one the write fails.
process.on("SIGXFSZ", () => {});

const [, , folder = ""] = process.argv;
const { ports, close } = await openLocalPorts(folder);
const create = (id: string, bytes: number): Operation => ({
  op: "create",
  document: { id, kind: "x".repeat(bytes), schema: 1, writer: "w" },
});

/** The outcome, or the code of what was thrown. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    return String((await call) ?? "done");
  } catch (error) {
    return error instanceof RegistryError ? error.code : String(error);
  }
}

let written = 0;
let full = "";
while (full === "" && written < 1_000) {
  const outcome = await outcomeOf(ports.documents.commit("p", [create(`d${written}`, 30_000)]));
  if (outcome === "committed") written += 1;
  else full = outcome;
}
// Many at once, of which the first fails.
const together = await Promise.all(
  [1, 2, 3].map((n) => outcomeOf(ports.documents.commit("p", [create(`more${n}`, 60_000)]))),
);
let kept = 0;
for (let n = 0; n <= written; n++) {
  if ((await ports.documents.read("p", `d${n}`, { fresh: true })) !== undefined) kept += 1;
}

const place = { account: "local", container: "c", name: "u/2026-01-01/large" };
const bytes = sampleBytes(4 * 1024 ** 2);
const put = await outcomeOf(ports.blobs.put(place, bytes, propertiesOf(bytes)));
const writer = await ports.blobs.extend(place, nothing, "n");
const stage = await outcomeOf(writer.stage([bytes]));
await writer.abandon();

for (const id of ["d0", "d1", "d2", "d3"]) {
  const etag = (await ports.documents.read("p", id, { fresh: true }))?.etag ?? "";
  await ports.documents.commit("p", [{ op: "delete", id, etag }]);
}
const again = await outcomeOf(ports.documents.commit("p", [create("again", 30_000)]));
await close();
const lost = written + 1 - kept;
process.stdout.write(JSON.stringify({ full, together, lost, put, stage, again, filled: written > 10 }));
