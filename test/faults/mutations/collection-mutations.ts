import type { Edit, Mutation } from "./mutation.ts";

const release = "shared/upkeep/collection/release-blobs.ts";
const links = "shared/upkeep/collection/unneeded-links.ts";
const bytes = "shared/upkeep/collection/delete-bytes.ts";
const deep = "shared/upkeep/collection/deep-sweep.ts";
const collect = "shared/upkeep/collection/collect.ts";
const purge = "shared/upkeep/collection/purge-generation.ts";
const blobs = "shared/catalog/blobs.ts";
const commit = "shared/catalog/commit.ts";

const counted = "countOperation(counter, writer, { condemned }),";
const condemnedOverAll: Edit = {
  file: release,
  text: `  const condemn = (writer: string): Operation => ({
    op: "replace",
    document: { ...condemns, writer },
    etag: blob.etag,
  });`,
  becomes: `  const condemn = (writer: string): Operation => ({ op: "upsert", document: { ...condemns, writer } });`,
};
const countedOverAll: Edit = {
  file: release,
  text: counted,
  becomes: `{ op: "upsert", document: Reflect.get(countOperation(counter, writer, { condemned }), "document") },`,
};
const withoutNote: Edit = {
  file: blobs,
  text: `    { op: "upsert", document },
    { op: "delete", id, etag: link.etag },`,
  becomes: `    { op: "delete", id, etag: link.etag },`,
};

/** Collection, wrong in one way each. */
export const collectionMutations: readonly Mutation[] = [
  {
    name: "a holder goes although the blob is leased",
    edits: [
      {
        file: release,
        text: "if (!leaseIsOver(ports, blob.document.leaseUntil)) {",
        becomes: "if (blob.document.leaseUntil < 0) {",
      },
    ],
  },
  {
    name: "a link goes although it is leased",
    edits: [
      {
        file: links,
        text: "unneeded: loose.filter(({ document }) => leaseIsOver(ports, document.leaseUntil)),",
        becomes: "unneeded: loose,",
      },
    ],
  },
  {
    name: "leases end without regard to what clocks differ by",
    gap: "a lease has to be renewed by a clock that is behind in the minutes between its end and the skew",
    edits: [
      {
        file: commit,
        text: "return ports.clock.now() >= leaseUntil + ports.graces.skewSeconds * 1000;",
        becomes: "return ports.clock.now() >= leaseUntil;",
      },
    ],
  },
  {
    name: "a pusher relies on a lease that is about to end",
    gap: "a request has to last until the lease is over",
    edits: [
      {
        file: commit,
        text: "return leaseUntil - ports.clock.now() >= ports.graces.requestSeconds * 1000;",
        becomes: "return leaseUntil >= ports.clock.now();",
      },
    ],
  },
  {
    name: "a blob is condemned whatever etag it and its counter have",
    edits: [condemnedOverAll, countedOverAll],
  },
  {
    name: "a blob is condemned whatever etag it has",
    edits: [condemnedOverAll],
    survives:
      "the counter's etag is in the same commit and in every other that changes a blob or its holders",
  },
  {
    name: "the last holder is decided on before its counter is read, and without the blob's etag",
    edits: [
      condemnedOverAll,
      {
        file: release,
        text: "[take, again(writer)]",
        becomes: "[take]",
      },
      {
        file: release,
        text: "    const counter = await readCounter(ports, partition);\n",
        becomes: "",
      },
      {
        file: release,
        text: "    const writer = ports.ids.nonce();\n    const condemned =",
        becomes:
          "    const counter = await readCounter(ports, partition);\n    const writer = ports.ids.nonce();\n    const condemned =",
      },
    ],
  },
  {
    name: "the counter is no part of a condemnation",
    edits: [{ file: release, text: `        ${counted}\n`, becomes: "" }],
  },
  {
    name: "a stale read tells that there is no link",
    gap: "a link has to come back between two commits of its shard and within a few of its partition",
    edits: [
      {
        file: release,
        text: "ids.link(digest), { fresh: true });",
        becomes: "ids.link(digest), { fresh: false });",
      },
    ],
  },
  {
    name: "edges are read before the links that they point at",
    gap: "a lease has to end, and an edge to be written, between two range reads",
    edits: [
      {
        file: links,
        text: '  const page = await ports.documents.list(partition, {\n    by: "id",\n    after: after ?? ids.allLinks,',
        becomes:
          '  const needed = await readNeeded(ports, partition, ("sha256:" + "0".repeat(64)) as Digest, ("sha512:" + "f".repeat(128)) as Digest);\n  const page = await ports.documents.list(partition, {\n    by: "id",\n    after: after ?? ids.allLinks,',
      },
      {
        file: links,
        text: "  const needed = await readNeeded(ports, partition, first.document.digest, last.document.digest);\n",
        becomes: "",
      },
    ],
  },
  {
    name: "a link goes without a note of it",
    edits: [withoutNote],
    survives: "the look at everything finds holders without links as well, only later",
  },
  {
    name: "a link goes without a note of it, and the look at everything finds no holders",
    edits: [
      withoutNote,
      {
        file: deep,
        text: "if ((await ports.documents.read(repository.partition, id, { fresh: true })) !== undefined) continue;",
        becomes: "if (id !== undefined) continue;",
      },
    ],
  },
  {
    name: "bytes go as soon as their blob is condemned",
    gap: "a reader has to stand between a link and its bytes for a whole run of collection",
    edits: [
      {
        file: release,
        text: "ports.clock.now() + ports.graces.requestSeconds * 1000;",
        becomes: "ports.clock.now();",
      },
    ],
  },
  {
    name: "the document of a condemned blob goes before its bytes",
    edits: [
      {
        file: bytes,
        text: "          await ports.blobs.delete(place);",
        becomes:
          "          if (digest !== undefined)\n            for (const [partition, some] of byShard([stored])) await removeBlobs(ports, partition, some);\n          await ports.blobs.delete(place);",
      },
    ],
    survives: "the place is still named by its own document, and a new push of the digest has another place",
  },
  {
    name: "the document of a place goes before its bytes, and is the last that names them",
    edits: [
      {
        file: bytes,
        text: "          await ports.blobs.delete(place);",
        becomes: "          if (digest === undefined) await ports.blobs.delete(place);",
      },
    ],
  },
  {
    name: "a blob's document goes although the blob was pushed again",
    edits: [
      {
        file: bytes,
        text: 'return same && blob.document.state === "condemned" ? [blob] : [];',
        becomes: "return blob !== undefined || same ? [blob] : [];",
      },
    ],
  },
  {
    name: "a push of a condemned blob relies on the bytes that are about to go",
    gap: "the guard of live blobs, before bytes are deleted, keeps the harm away",
    edits: [
      { file: blobs, text: "const bytes = live ?? own;", becomes: "const bytes = stored?.document ?? own;" },
    ],
  },
  {
    name: "a link is written before its holder",
    edits: [
      {
        file: blobs,
        text: "  const blob = await untilSettled(() => commitBlob(ports, repository, digest, own, writer));\n",
        becomes: `  const there = await readBlob(ports, partitions.shard(repository.registry.rid, digest), digest);
  const known = there?.document.state === "live" ? there.document : undefined;
  if (known !== undefined) {
    const link = await writeLink(ports, repository, { ...known, writer }, before, action);
    await untilSettled(() => commitBlob(ports, repository, digest, own, writer));
    return link;
  }
  const blob = await untilSettled(() => commitBlob(ports, repository, digest, own, writer));
`,
      },
    ],
  },
  {
    name: "a blob's document and its holder are not written again for a link whose lease ends soon",
    edits: [
      {
        file: blobs,
        text: "if (before !== undefined && leaseHolds(ports, before.document.leaseUntil)) return before.document;",
        becomes:
          "if (before !== undefined) return (await leaseLink(ports, repository, digest)) ?? undefined;",
      },
    ],
  },
  {
    name: "what a repository has left is purged at once",
    edits: [
      {
        file: collect,
        text: "purging: now - purgeSeconds * 1000,",
        becomes: "purging: Number.MAX_SAFE_INTEGER - 2,",
      },
    ],
  },
  {
    name: "what can be restored is purged before its days are over",
    edits: [{ file: collect, text: "kept: now - (days ?? 0) * dayMillis", becomes: "kept: now" }],
  },
  {
    name: "a generation is purged although the repository is in it again",
    gap: "its index has to outlive its restoring and its grace, which takes a process that ends in between",
    edits: [
      {
        file: purge,
        text: 'if (here === "live" || here === "deleting") return "gone";',
        becomes: 'if (here === "deleting") return "gone";',
      },
    ],
  },
];
