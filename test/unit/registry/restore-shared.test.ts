import { expect, test } from "vitest";
import { restoreManifest } from "../../../shared/registry/restore-manifest.ts";
import { indexOf, MemoryRegistry, name, noteOf, type Sample, soft } from "./memory-registry.ts";

test("what indexes share at every level is restored once, however many ways lead to it", async () => {
  const at = new MemoryRegistry({ ...soft, sparseManifests: true });
  let level: readonly Sample[] = [noteOf("left"), noteOf("right")];
  const all = [...level];
  for (let depth = 0; depth < 12; depth++) {
    const [one, two] = level;
    if (one === undefined || two === undefined) throw new Error("a level has two");
    level = [indexOf([one, two]), indexOf([two, one])];
    all.push(...level);
  }
  for (const manifest of all) await at.push(manifest);
  for (const manifest of all.toReversed()) await at.delete(manifest);
  let calls = 0;
  const counted = at.bent({
    around: async (_, moment) => {
      if (moment === "before") calls += 1;
    },
  });
  const root = all.at(-1);
  if (root === undefined) throw new Error("there is a root");
  await restoreManifest(counted, await at.registry(), name, root.digest, { force: false });
  expect(await at.pull(root)).toBeDefined();
  expect(await at.pull(noteOf("left"))).toBeDefined();
  expect(calls).toBeLessThan(all.length * 20);
});
