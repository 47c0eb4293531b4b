import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOfPrefix, ids, partitions } from "../../../shared/catalog/keys.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import { placeName } from "../../../shared/domain/place.ts";
import { digests, registryNames, repositoryNames, tags, ulids } from "../arbitraries.ts";

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const artifactTypes = fc.oneof(fc.string({ unit: "binary" }), fc.constant("application/vnd.acme+json"));
const longestDigest = `sha512:${"f".repeat(128)}` as never;
const longestName = "a/".repeat(127).concat("b") as RepositoryName;
const longestTag = "t".repeat(limits.tagCharsMax) as Tag;
const ulid = "Z".repeat(26);

describe("a document's id", () => {
  const any = fc
    .record({ a: digests, b: digests, name: repositoryNames, tag: tags, type: artifactTypes, ulid: ulids })
    .map(({ a, b, name, tag, type, ulid }) => ({
      catalogEntry: ids.catalogEntry(name),
      manifest: ids.manifest(a),
      manifestTag: ids.manifestTag(a, tag),
      tag: ids.tag(tag),
      referrer: ids.referrer(a, type, b),
      edge: ids.edge(a, b),
      link: ids.link(a),
      blob: ids.blob(a),
      holder: ids.holder(a, name, ulid),
      event: ids.event(ulid),
      place: ids.place({ account: "a", container: ulid.toLowerCase(), name: placeName(0, ulid) }),
    }));

  test("holds only what every store allows, and is not too long for any", () => {
    fc.assert(
      fc.property(any, (made) => {
        for (const [kind, id] of Object.entries(made)) {
          expect(id, kind).toMatch(/^[\x21-\x7e]+$/);
          expect(id, kind).not.toMatch(/[/\\?#]/);
          expect(id.length, kind).toBeLessThanOrEqual(1023);
        }
      }),
    );
    const longest = [
      ids.manifestTag(longestDigest, longestTag),
      ids.referrer(longestDigest, "x", longestDigest),
      ids.edge(longestDigest, longestDigest),
      ids.holder(longestDigest, longestName, ulid),
      ids.catalogEntry(longestName),
    ];
    for (const id of longest) expect(id.length).toBeLessThanOrEqual(1023);
  });

  test("is another one for every kind of document of a partition", () => {
    fc.assert(
      fc.property(any, ({ manifest, manifestTag, tag, referrer, edge, link, event }) => {
        expect(new Set([manifest, manifestTag, tag, referrer, edge, link, event, ids.counter]).size).toBe(8);
      }),
    );
  });

  test("is another one for every other tag, referrer, edge and holder", () => {
    const key = fc.record({ a: digests, b: digests, name: repositoryNames, tag: tags });
    fc.assert(
      fc.property(key, key, (one, two) => {
        const make = ({ a, b, name, tag }: typeof one) => [
          ids.manifestTag(a, tag),
          ids.referrer(a, "x", b),
          ids.edge(a, b),
          ids.holder(a, name, ulid),
          ids.tag(tag),
        ];
        const [left, right] = [make(one), make(two)];
        const same = (field: "a" | "b" | "name" | "tag") => one[field] === two[field];
        expect(left[0] === right[0]).toBe(same("a") && same("tag"));
        expect(left[1] === right[1]).toBe(same("a") && same("b"));
        expect(left[2] === right[2]).toBe(same("a") && same("b"));
        expect(left[3] === right[3]).toBe(same("a") && same("name"));
        expect(left[4] === right[4]).toBe(same("tag"));
      }),
    );
  });

  test("of a place is another one for every other place of an account", () => {
    fc.assert(
      fc.property(ulids, ulids, fc.nat(4e12), fc.nat(4e12), (one, two, at, later) => {
        const [left, right] = [placeName(at, one), placeName(later, two)];
        const id = (name: string) => ids.place({ account: "a", container: "c", name });
        expect(id(left) === id(right)).toBe(left === right);
      }),
    );
  });
});

describe("the ids of a partition", () => {
  test("put the reverse entries of its tags right behind a manifest, before the next manifest", () => {
    fc.assert(
      fc.property(digests, digests, tags, (digest, other, tag) => {
        const entry = ids.manifestTag(digest, tag);
        expect(order(ids.manifest(digest), entry)).toBe(-1);
        if (digest !== other) {
          expect(order(entry, ids.manifest(other))).toBe(order(digest, other));
          expect(order(entry, ids.manifestTag(other, tag))).toBe(order(digest, other));
        }
      }),
    );
  });

  test("list tags, and the repositories of a catalog, in ASCII order", () => {
    fc.assert(
      fc.property(tags, tags, repositoryNames, repositoryNames, (a, b, x, y) => {
        expect(order(ids.tag(a), ids.tag(b))).toBe(order(a, b));
        expect(order(ids.catalogEntry(x), ids.catalogEntry(y))).toBe(order(x, y));
      }),
    );
  });
});

describe("the range of a prefix", () => {
  const within = (prefix: string, id: string) => id > prefix && id < endOfPrefix(prefix);

  test("holds what starts with it and nothing else", () => {
    const ascii = fc.string({ unit: "binary-ascii", minLength: 1 });
    fc.assert(
      fc.property(ascii, ascii, (prefix, id) => {
        expect(within(prefix, prefix + id)).toBe(true);
        expect(within(prefix, id)).toBe(id.startsWith(prefix) && id !== prefix);
      }),
    );
  });

  test("of one subject, manifest or blob holds none of another's", () => {
    fc.assert(
      fc.property(digests, digests, digests, repositoryNames, tags, (a, b, c, name, tag) => {
        fc.pre(a !== b);
        const own = [
          [ids.referrers(a), ids.referrer(a, "x", c), ids.referrer(b, "x", c)],
          [ids.referrersOfType(a, "x"), ids.referrer(a, "x", c), ids.referrer(b, "x", c)],
          [ids.manifestTags(a), ids.manifestTag(a, tag), ids.manifestTag(b, tag)],
          [ids.holders(a), ids.holder(a, name, ulid), ids.holder(b, name, ulid)],
        ];
        for (const [prefix = "", mine = "", others = ""] of own) {
          expect(within(prefix, mine)).toBe(true);
          expect(within(prefix, others)).toBe(false);
        }
        expect(within(ids.referrersOfType(a, "x"), ids.referrer(a, "y", c))).toBe(false);
      }),
    );
  });
});

describe("a partition", () => {
  const key = fc.record({ rid: ulids, name: repositoryNames, generation: ulids, registry: registryNames });

  test("is another one for every other registry, repository and generation", () => {
    fc.assert(
      fc.property(key, key, (one, two) => {
        const content = ({ rid, name, generation }: typeof one) => partitions.content(rid, name, generation);
        const same = one.rid === two.rid && one.name === two.name && one.generation === two.generation;
        expect(content(one) === content(two)).toBe(same);
        expect(content(one) === content({ ...one, generation: two.generation })).toBe(
          one.generation === two.generation,
        );
        expect(partitions.repository(one.rid, one.name) === partitions.repository(one.rid, two.name)).toBe(
          one.name === two.name,
        );
        expect(partitions.registryName(one.registry) === partitions.registryName(two.registry)).toBe(
          one.registry === two.registry,
        );
      }),
    );
  });

  test("is another one for every kind of key, and short enough for every store", () => {
    fc.assert(
      fc.property(key, digests, ({ rid, name, generation, registry }, digest) => {
        const all = [
          partitions.registryName(registry),
          partitions.registry(rid),
          partitions.catalog(rid),
          partitions.repository(rid, name),
          partitions.content(rid, name, generation),
          partitions.shard(rid, digest),
          partitions.condemned(registry, "2031-02-03"),
        ];
        expect(new Set(all).size).toBe(all.length);
        for (const partition of all) expect(partition).toMatch(/^[a-z]+(~[A-Za-z0-9._/-]+)+$/);
      }),
    );
    expect(partitions.content(ulid, longestName, ulid).length).toBeLessThanOrEqual(500);
  });

  test("of a registry's blobs is one of 256", () => {
    const shards = new Set(
      Array.from({ length: 256 }, (_, shard) =>
        partitions.shard("r", `sha256:${shard.toString(16).padStart(2, "0")}${"0".repeat(62)}` as never),
      ),
    );
    expect(shards.size).toBe(256);
  });
});
