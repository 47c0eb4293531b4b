import { createHmac, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RegistryDocument } from "../../../../shared/catalog/registry-documents.ts";
import { limits } from "../../../../shared/domain/limits.ts";
import type { RepositoryName } from "../../../../shared/domain/name.ts";
import type { Ports } from "../../../../shared/ports/ports.ts";
import {
  formatTicket,
  newPlace,
  newTicket,
  parseTicket,
  type UploadTicket,
  uploadPlace,
} from "../../../../shared/registry/uploads/upload-ticket.ts";
import { repositoryNames, troublemakers, ulids } from "../../arbitraries.ts";

const unknownUpload = expect.objectContaining({ code: "BLOB_UPLOAD_UNKNOWN", status: 404 });
const noon = Date.UTC(2031, 1, 3, 12);
const id = "01JZZZZZZZZZZZZZZZZZZZZZZZ";

function signer(key: string): Ports["signer"] {
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    sign,
    verify: (text, code) => {
      const [wanted, given] = [Buffer.from(sign(text)), Buffer.from(code)];
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    },
  };
}

/** What tickets need of the world, at a given time. */
function worldAt(millis: number, key = "key"): Ports {
  const clock = { now: () => millis };
  const ids = { ulid: () => id, nonce: () => "n".repeat(22) };
  return { clock, ids, signer: signer(key), region: "westeurope" } as unknown as Ports;
}

const registry = (rid: string) =>
  ({ rid, storage: { account: "main", container: rid } }) as unknown as RegistryDocument;
const here = registry("r1");
const repository = "team/app" as RepositoryName;
const format = (ticket: UploadTicket, name = repository) =>
  formatTicket(worldAt(noon), { registry: here, repository: name, ticket });

const tickets: fc.Arbitrary<UploadTicket> = fc.record({
  id: ulids,
  region: fc.stringMatching(/^[a-z0-9]{1,30}$/),
  startedAt: fc.integer({ min: noon / 1000 - limits.uploadSecondsMax + 1, max: 2 ** 40 }),
  algorithm: fc.constantFrom("sha256", "sha512"),
  begun: fc.boolean(),
});

describe("an upload's ticket", () => {
  test("is parsed to what it was formatted from", () => {
    fc.assert(
      fc.property(tickets, repositoryNames, (ticket, name) => {
        expect(parseTicket(worldAt(noon), here, name, format(ticket, name))).toEqual(ticket);
      }),
    );
  });

  test("is one segment of a path that no client needs to escape", () => {
    fc.assert(
      fc.property(tickets, (ticket) => {
        expect(format(ticket)).toMatch(/^[A-Za-z0-9._-]+$/);
      }),
    );
  });

  test("is new with the time, the region and an id, and stores nothing", () => {
    const ticket = newTicket(worldAt(noon + 999), "sha512");
    expect(ticket).toEqual({
      id,
      region: "westeurope",
      startedAt: noon / 1000,
      algorithm: "sha512",
      begun: false,
    });
  });

  test("works only in the repository and the registry that it was issued for, under the same key", () => {
    fc.assert(
      fc.property(tickets, repositoryNames, repositoryNames, (ticket, name, other) => {
        fc.pre(name !== other);
        const text = format(ticket, name);
        expect(() => parseTicket(worldAt(noon), here, other, text)).toThrow(unknownUpload);
        expect(() => parseTicket(worldAt(noon), registry("r2"), name, text)).toThrow(unknownUpload);
        expect(() => parseTicket(worldAt(noon, "other key"), here, name, text)).toThrow(unknownUpload);
      }),
    );
  });

  test("is worth nothing with a single character changed, added or missing", () => {
    fc.assert(
      fc.property(
        tickets,
        fc.nat(),
        fc.constantFrom("a", "Z", "0", ".", "-", ...troublemakers),
        (ticket, at, stray) => {
          const text = format(ticket);
          const cut = at % (text.length + 1);
          const changed = [
            text.slice(0, cut) + stray + text.slice(cut),
            text.slice(0, cut) + stray + text.slice(cut + 1),
          ];
          for (const candidate of changed.filter((other) => other !== text)) {
            expect(() => parseTicket(worldAt(noon), here, repository, candidate)).toThrow(unknownUpload);
          }
        },
      ),
    );
  });

  test("cannot lend its signature to another one", () => {
    fc.assert(
      fc.property(tickets, tickets, (mine, wanted) => {
        const code = format(mine).split(".").at(-1);
        const forged = [...format(wanted).split(".").slice(0, -1), code].join(".");
        fc.pre(forged !== format(mine));
        expect(() => parseTicket(worldAt(noon), here, repository, forged)).toThrow(unknownUpload);
      }),
    );
  });

  test.each([
    "",
    ".",
    "....",
    ".....",
    "a",
    "a.b.c.sha256.d",
    `${id}.w.0.sha256.`,
    "\0",
    "x".repeat(100_000),
    ".".repeat(100_000),
  ])("is not anything else (%#)", (text) => {
    expect(() => parseTicket(worldAt(noon), here, repository, text)).toThrow(unknownUpload);
  });

  test("expires after seven days, to the second", () => {
    const ticket = newTicket(worldAt(noon), "sha256");
    const text = format(ticket);
    const end = noon + limits.uploadSecondsMax * 1000;
    expect(parseTicket(worldAt(end - 1), here, repository, text)).toEqual(ticket);
    expect(() => parseTicket(worldAt(end), here, repository, text)).toThrow(unknownUpload);
    expect(() => parseTicket(worldAt(end), here, repository, text)).toThrow("expired");
  });
});

describe("the place of an upload", () => {
  test("is made from its ticket alone, so that every request finds it", () => {
    const ticket = newTicket(worldAt(noon), "sha256");
    const place = { account: "main", container: "r1", name: `u/2031-02-03/${id}` };
    expect(uploadPlace({ registry: here, repository, ticket })).toEqual(place);
    const later = parseTicket(worldAt(noon + 3 * 86_400_000), here, repository, format(ticket));
    expect(uploadPlace({ registry: here, repository, ticket: later })).toEqual(place);
  });

  test("of a blob that comes in one request is new", () => {
    expect(newPlace(worldAt(noon), here)).toEqual({
      account: "main",
      container: "r1",
      name: `u/2031-02-03/${id}`,
    });
  });
});
