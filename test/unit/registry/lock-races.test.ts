import { expect, test } from "vitest";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import type { LockChanges } from "../../../shared/catalog/locks/change-locks.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { lockTag } from "../../../shared/registry/change-locks.ts";
import { losing, MemoryRegistry, name, noteOf, soft, tagOf } from "./memory-registry.ts";

const note = noteOf("a note");
const other = noteOf("another");
const undeletable = { code: "UNSUPPORTED", status: 405 };

async function opened(): Promise<MemoryRegistry> {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a", "b"]);
  return at;
}

const onTag = async (at: MemoryRegistry, tag: string, changes: LockChanges, ports: Ports = at.ports) =>
  await lockTag(ports, await at.registry(), name, tagOf(tag), changes);

test("a lock and a deletion that meet: either the lock is refused, or the deletion", async () => {
  const calls = ["read ", "list ", "commit "].flatMap((call) =>
    [ids.manifest(note.digest), ids.tag("a"), ""].map((end) => [call, end] as const),
  );
  for (const [call, end] of calls) {
    for (const what of [note, "a"]) {
      const at = await opened();
      let locked = false;
      const rival = async () => {
        locked = await onTag(at, "a", { delete: true }).then(
          () => true,
          () => false,
        );
      };
      const ports = at.meeting((met) => met.startsWith(call) && met.endsWith(end), rival);
      const deleted = await at.delete(what, ports).then(
        () => true,
        () => false,
      );
      const there = (await at.pull("a")) !== undefined;
      expect([call, end, there]).toEqual([call, end, !deleted]);
      expect([call, end, deleted && locked]).toEqual([call, end, false]);
      at.expectWhole();
    }
  }
});

test("a deletion that a lock meets: the tag is locked only if it stays", async () => {
  for (const [call, end] of [
    ["read ", ids.tag("a")],
    ["read ", ids.manifest(note.digest)],
    ["commit ", ""],
  ] as const) {
    for (const rival of ["delete", "move"] as const) {
      const at = await opened();
      const ports = at.meeting(
        (met) => met.startsWith(`${call}r~`) && met.endsWith(end),
        () => (rival === "delete" ? at.delete(note) : at.push(other, ["a"])).catch(() => {}),
      );
      const locked = await onTag(at, "a", { delete: true, write: true }, ports).then(
        () => true,
        () => false,
      );
      expect((await at.tag("a"))?.locks !== undefined).toBe(locked);
      at.expectWhole();
    }
  }
});

test("a lock whose reply is lost is set", async () => {
  const at = await opened();
  let lost = 0;
  const ports = at.bent(losing((call) => call.startsWith("commit r~") && lost++ === 0));
  await onTag(at, "a", { delete: true }, ports);
  await expect(at.delete("a")).rejects.toMatchObject(undeletable);
  at.expectWhole();
});

test("a tag that comes while its manifest is being deleted is not lost, though it is locked", async () => {
  const at = await opened();
  await onTag(at, "a", { delete: true });
  await at.push(other, ["a"]);
  const repository = await at.repository();
  const ports = at.meeting(
    (met) => met.startsWith("list r~"),
    async () => await at.push(note, ["a"]),
  );
  await expect(removeManifest(ports, repository, note.digest)).rejects.toMatchObject(undeletable);
  expect((await at.pull("a"))?.digest).toBe(note.digest);
  at.expectWhole();
});
