import { expect, test } from "vitest";
import {
  askForSweep,
  beginSweep,
  endSweep,
  listDueSweeps,
  nextSweep,
} from "../../../shared/catalog/sweeps.ts";
import { parseRepositoryName } from "../../../shared/domain/name.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const rid = "rid";
const name = parseRepositoryName("team/app");
const minute = 60_000;

/** A repository whose sweep has begun. */
async function begun() {
  const { ports, clock } = openMemoryPorts();
  const start = clock.now();
  await askForSweep(ports, rid, name, start);
  const [due] = await listDueSweeps(ports, rid, 10);
  if (due === undefined) throw new Error("nothing is due");
  expect(await beginSweep(ports, rid, due)).toBe(true);
  // Whoever saw it as due as well comes too late.
  expect(await beginSweep(ports, rid, due)).toBe(false);
  return { ports, clock, start };
}

const done = { after: undefined, next: undefined };

test("a repository is swept as early as anybody asked for, and no more when nothing is left to do", async () => {
  const { ports, clock } = openMemoryPorts();
  const start = clock.now();
  await askForSweep(ports, rid, name, start + 10 * minute);
  await askForSweep(ports, rid, name, start + 5 * minute);
  await askForSweep(ports, rid, name, start + 20 * minute);
  expect(await nextSweep(ports, rid)).toBe(start + 5 * minute);
  expect(await listDueSweeps(ports, rid, 10)).toEqual([]);
  clock.advance(5 * minute);
  const [due] = await listDueSweeps(ports, rid, 10);
  expect(due?.document.repository).toBe(name);
  if (due === undefined) return;
  await beginSweep(ports, rid, due);
  await endSweep(ports, rid, name, done);
  expect(await nextSweep(ports, rid)).toBeUndefined();
});

test("what is asked for during a sweep is swept after it, also if that asks for less", async () => {
  const { ports, start } = await begun();
  await askForSweep(ports, rid, name, start + 3 * minute);
  await askForSweep(ports, rid, name, start + 7 * minute);
  await endSweep(ports, rid, name, { after: undefined, next: start + 30 * minute });
  expect(await nextSweep(ports, rid)).toBe(start + 3 * minute);
});

test("a sweep that stopped at its limit goes on, and keeps what it found waiting and what was asked for", async () => {
  const { ports, start } = await begun();
  await endSweep(ports, rid, name, { after: "l:one", next: start + 30 * minute });
  const [rest] = await listDueSweeps(ports, rid, 10);
  expect(rest?.document.after).toBe("l:one");
  await askForSweep(ports, rid, name, start + 20 * minute);
  const [again] = await listDueSweeps(ports, rid, 10);
  if (again === undefined) throw new Error("it goes on at once");
  expect(again.document.after).toBe("l:one");
  await beginSweep(ports, rid, again);
  await endSweep(ports, rid, name, done);
  expect(await nextSweep(ports, rid)).toBe(start + 20 * minute);
});

test("a sweep whose process ended is begun again", async () => {
  const { ports, clock } = await begun();
  expect(await listDueSweeps(ports, rid, 10)).toEqual([]);
  clock.advance(10 * minute);
  expect(await listDueSweeps(ports, rid, 10)).toHaveLength(1);
});
