import { openLocalPorts } from "../../shared/local/open.ts";
import type { CounterDocument } from "./local-writer.ts";

// A program: is sent the number of each commit once it is acknowledged, and answers with the number that a fresh read finds.

const [, , folder = ""] = process.argv;
const { ports, close } = await openLocalPorts(folder);

const read = async (fresh: boolean) => {
  const stored = await ports.documents.read("p", "count", { fresh });
  return (stored?.document as CounterDocument | undefined)?.n ?? 0;
};

let ended = false;
process.on("message", (n: number) => {
  void read(true).then((found) => process.send?.({ n, found }));
});
process.on("disconnect", () => {
  ended = true;
});
process.send?.({ n: 0, found: 0 });
// Keeps an old state of the database at hand, which a read must not be answered from.
while (!ended) {
  await read(false);
  await new Promise((resolve) => setImmediate(resolve));
}
await close();
