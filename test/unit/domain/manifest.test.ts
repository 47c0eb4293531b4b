import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseManifest } from "../../../shared/domain/manifest.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import { digests } from "../arbitraries.ts";
import {
  config,
  configType,
  descriptor,
  digest,
  image,
  index,
  layerType,
  parseImage,
  parseIndex,
  parseOther,
} from "./manifest-samples.ts";

const { ociManifest, ociIndex, dockerManifest, dockerManifestList } = mediaTypes;
const refused = expect.objectContaining({ code: "MANIFEST_INVALID", status: 400 });

describe("an image manifest", () => {
  test("names its config and its layers, which are blobs and required", () => {
    const parsed = parseImage(image({ layers: [descriptor(2), descriptor(3)] }));
    expect(parsed).toEqual({
      mediaType: ociManifest,
      children: [1, 2, 3].map((n) => ({ digest: digest(n), kind: "blob", required: true })),
      subject: undefined,
      artifactType: configType,
      annotations: undefined,
    });
  });

  test("of Docker's is read like one of OCI's", () => {
    const value = image({ mediaType: dockerManifest, layers: [descriptor(2)] });
    expect(parseManifest(dockerManifest, JSON.stringify(value)).children).toHaveLength(2);
  });

  test("may leave out its media type, but not name another one than the request", () => {
    expect(parseImage(image({ mediaType: undefined })).mediaType).toBe(ociManifest);
    for (const mediaType of [ociIndex, dockerManifest, "", null, 2, {}, ociManifest.toUpperCase()]) {
      expect(() => parseImage(image({ mediaType }))).toThrow(refused);
    }
  });

  test.each([
    ["no schema version", { schemaVersion: undefined }],
    ["schema version 1", { schemaVersion: 1 }],
    ["a schema version in quotes", { schemaVersion: "2" }],
    ["no config", { config: undefined }],
    ["a config of null", { config: null }],
    ["a config that is a list", { config: [config] }],
    ["a config without digest", { config: { mediaType: configType, size: 1 } }],
    ["layers that are no list", { layers: {} }],
    ["a layer that is no descriptor", { layers: [digest(2)] }],
    ["a layer of null", { layers: [null] }],
    ["a layer with a malformed digest", { layers: [descriptor(2, { digest: "sha256:baddigeststring" })] }],
    [
      "a layer with a digest of capitals",
      { layers: [descriptor(11, { digest: `sha256:${"A".repeat(64)}` })] },
    ],
    ["a layer with an unknown algorithm", { layers: [descriptor(2, { digest: `md5:${"0".repeat(32)}` })] }],
    ["a layer without a size", { layers: [descriptor(2, { size: undefined })] }],
    ["a layer with a negative size", { layers: [descriptor(2, { size: -1 })] }],
    ["a layer with half a byte", { layers: [descriptor(2, { size: 1.5 })] }],
    ["a layer with a size in quotes", { layers: [descriptor(2, { size: "2" })] }],
    ["a layer with a size beyond 2^53", { layers: [descriptor(2, { size: 2 ** 53 })] }],
    ["a layer whose media type is a number", { layers: [descriptor(2, { mediaType: 2 })] }],
    ["a subject that is no descriptor", { subject: digest(2) }],
    ["a subject with a malformed digest", { subject: descriptor(2, { digest: "latest" }) }],
    ["an artifact type that is no string", { artifactType: 1 }],
    ["an artifact type of 256 characters", { artifactType: "a".repeat(256) }],
    ["a config type of 256 characters", { config: descriptor(1, { mediaType: "a".repeat(256) }) }],
    ["annotations that are a list", { annotations: ["a"] }],
    ["an annotation that is a number", { annotations: { a: 1 } }],
    ["an annotation of null", { annotations: { a: null } }],
  ])("with %s is refused", (_, more) => {
    expect(() => parseImage(image(more))).toThrow(refused);
  });

  test.each(["", "{", "[]", "null", "2", '"text"', "{}{}", "{'a':1}", "\ufeff{}", "NaN", `{"a":1,}`])(
    "is not %j",
    (text) => {
      expect(() => parseManifest(ociManifest, text)).toThrow(refused);
    },
  );

  test("may leave its layers out, or have none", () => {
    for (const layers of [undefined, null, []]) {
      expect(parseImage(image({ layers })).children).toHaveLength(1);
    }
  });

  test("may have layers that are fetched from elsewhere, and they may be absent", () => {
    const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    const nonDistributable = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    const parsed = parseImage(
      image({
        layers: [
          descriptor(2, { mediaType: foreign }),
          descriptor(3, { mediaType: nonDistributable }),
          descriptor(4, { urls: ["https://example.com/layer"] }),
          descriptor(5, { urls: [] }),
        ],
      }),
    );
    expect(parsed.children.map((child) => child.required)).toEqual([true, false, false, false, true]);
  });

  test("counts a digest once, and needs it if any of its descriptors does", () => {
    const elsewhere = descriptor(2, { urls: ["https://example.com/layer"] });
    for (const layers of [
      [elsewhere, descriptor(2), descriptor(2)],
      [descriptor(2), descriptor(2), elsewhere],
    ]) {
      expect(parseImage(image({ layers })).children).toEqual([
        { digest: digest(1), kind: "blob", required: true },
        { digest: digest(2), kind: "blob", required: true },
      ]);
    }
  });

  test("keeps whatever other fields it has to itself", () => {
    const custom = { "org.example": { layers: 1 }, history: [], config2: null, __proto__x: 1 };
    expect(parseImage(image(custom)).children).toHaveLength(1);
  });
});

describe("an index", () => {
  test("names manifests by their type and blobs by theirs, as build caches do", () => {
    const others = ["application/vnd.acme+json", "application/vnd.Acme+JSON", "application/json"];
    const manifests = [ociManifest, ociIndex, dockerManifest, dockerManifestList, ...others];
    const blobs = [layerType, "application/vnd.buildkit.cacheconfig.v0", "", undefined];
    const types = [...manifests, ...blobs];
    const parsed = parseIndex(
      index({ manifests: types.map((mediaType, n) => descriptor(n, { mediaType })) }),
    );
    expect(parsed.children.map((child) => child.kind)).toEqual([
      ...manifests.map(() => "manifest"),
      ...blobs.map(() => "blob"),
    ]);
    expect(parsed.children.every((child) => child.required)).toBe(true);
  });

  test("of Docker's is read like one of OCI's", () => {
    const value = index({
      mediaType: dockerManifestList,
      manifests: [descriptor(2, { mediaType: dockerManifest })],
    });
    expect(parseManifest(dockerManifestList, JSON.stringify(value)).children).toEqual([
      { digest: digest(2), kind: "manifest", required: true },
    ]);
  });

  test("may be empty, and then has nothing to tell", () => {
    expect(parseIndex(index())).toEqual({
      mediaType: ociIndex,
      children: [],
      subject: undefined,
      artifactType: undefined,
      annotations: undefined,
    });
  });
});

describe("a subject", () => {
  test("makes an image or an index a referrer, and is no child", () => {
    const subject = descriptor(7, { mediaType: ociManifest });
    expect(parseImage(image({ subject }))).toMatchObject({ subject: digest(7) });
    expect(parseImage(image({ subject })).children).toHaveLength(1);
    expect(parseIndex(index({ subject }))).toMatchObject({ subject: digest(7), children: [] });
  });

  test("of null is none", () => {
    expect(parseImage(image({ subject: null })).subject).toBeUndefined();
  });

  test("may be the digest of either algorithm", () => {
    fc.assert(
      fc.property(digests, (subject) => {
        expect(parseImage(image({ subject: { digest: subject, size: 1 } })).subject).toBe(subject);
      }),
    );
  });
});

describe("the type of an artifact", () => {
  test("is the manifest's own, else that of an image's config, else none", () => {
    expect(parseImage(image({ artifactType: "application/x" })).artifactType).toBe("application/x");
    for (const artifactType of ["", null, undefined]) {
      expect(parseImage(image({ artifactType })).artifactType).toBe(configType);
    }
    expect(
      parseImage(image({ config: descriptor(1, { mediaType: undefined }) })).artifactType,
    ).toBeUndefined();
    expect(parseIndex(index({ artifactType: "application/x" })).artifactType).toBe("application/x");
    expect(parseIndex(index({ artifactType: "" })).artifactType).toBeUndefined();
  });
});

describe("annotations", () => {
  test("are kept as they are, whatever their names", () => {
    const annotations = `{"__proto__":"a","constructor":"b","toString":"c","":"d","org.example/x":"\\u0000 \\ud83d\\udc33"}`;
    const parsed = parseManifest(
      ociManifest,
      JSON.stringify(image()).replace(/}$/, `,"annotations":${annotations}}`),
    );
    expect(Object.entries(parsed.annotations ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["toString", "c"],
      ["", "d"],
      ["org.example/x", "\0 🐳"],
    ]);
    expect(JSON.stringify(parsed.annotations)).toBe(JSON.stringify(JSON.parse(annotations)));
  });

  test("of null are none", () => {
    expect(parseImage(image({ annotations: null })).annotations).toBeUndefined();
  });
});

describe("a manifest of another JSON type", () => {
  test("keeps alive what looks like a descriptor in the usual fields", () => {
    const parsed = parseOther({
      config: descriptor(1),
      layers: [descriptor(2), "no descriptor", null],
      blobs: [descriptor(3)],
      manifests: [descriptor(4, { mediaType: ociManifest })],
      others: [descriptor(5)],
      subject: descriptor(6),
      annotations: { a: "b" },
    });
    expect(parsed.children.map((child) => [child.digest, child.kind])).toEqual([
      [digest(1), "blob"],
      [digest(2), "blob"],
      [digest(3), "blob"],
      [digest(4), "manifest"],
    ]);
    expect(parsed).toMatchObject({ subject: digest(6), artifactType: layerType, annotations: { a: "b" } });
  });

  test("is not judged by what its fields mean in an image", () => {
    const statement = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "x", digest: { sha256: "0".repeat(64) } }],
      annotations: [1],
      artifactType: { a: 1 },
      config: { mediaType: 5 },
      layers: "many",
      Layers: 1,
      schemaVersion: "0.1",
    };
    expect(parseOther(statement)).toEqual({
      mediaType: "application/vnd.acme+json",
      children: [],
      subject: undefined,
      artifactType: undefined,
      annotations: undefined,
    });
  });

  test("must still be an object, of the media type that it says it is", () => {
    for (const value of [[], null, 1, "x"]) expect(() => parseOther(value)).toThrow(refused);
    expect(() => parseOther({ mediaType: ociManifest })).toThrow(refused);
  });
});
