import { join } from "node:path";
import { addHashKey, ensureKeys } from "../../shared/identity/rotate-keys.ts";
import { KeyFile } from "../../shared/local/key-file.ts";
import { openLocalPorts } from "../../shared/local/open.ts";

// A program: makes the first keys in a folder, says which they are, and adds as many hash keys as it is told.

if (process.argv[1] === import.meta.filename) {
  const [, , folder = "", added = "0"] = process.argv;
  const { ports, close } = await openLocalPorts(folder);
  const store = new KeyFile(join(folder, "keys.json"));
  await ensureKeys(ports, store);
  process.stdout.write((await store.read()) ?? "nothing");
  for (let count = 0; count < Number(added); count++) await addHashKey(ports, store);
  await close();
}
