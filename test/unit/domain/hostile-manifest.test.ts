import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { parseManifest } from "../../../shared/domain/manifest.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import {
  config,
  descriptor,
  digest,
  image,
  index,
  parseImage,
  parseIndex,
  parseOther,
} from "./manifest-samples.ts";

const { ociManifest, ociIndex, dockerManifest, dockerManifestList } = mediaTypes;
const refused = expect.objectContaining({ code: "MANIFEST_INVALID", status: 400 });

describe("a document that could be read as two things", () => {
  test.each([
    ["an image with manifests", ociManifest, image({ manifests: [] })],
    ["an image with manifests of null", ociManifest, image({ manifests: null })],
    [
      "a Docker image with manifests",
      dockerManifest,
      image({ mediaType: undefined, manifests: [descriptor(2)] }),
    ],
    ["an index with layers", ociIndex, index({ layers: [] })],
    ["an index with layers of null", ociIndex, index({ layers: null })],
    ["an index with a config", ociIndex, index({ config })],
    [
      "a manifest list with layers",
      dockerManifestList,
      index({ mediaType: undefined, layers: [descriptor(2)] }),
    ],
  ])("is refused: %s", (_, mediaType, value) => {
    expect(() => parseManifest(mediaType, JSON.stringify(value))).toThrow(refused);
  });

  test("is refused when only the case of its media type sets it apart", () => {
    for (const type of [
      "application/vnd.oci.image.MANIFEST.v1+json",
      "Application/Vnd.Oci.Image.Manifest.V1+JSON",
    ]) {
      const value = image({ mediaType: type, manifests: [descriptor(2)] });
      expect(() => parseManifest(type, JSON.stringify(value))).toThrow(refused);
    }
  });

  test("is refused when clients that ignore the case of field names would read more than was checked", () => {
    for (const field of [
      "Layers",
      "LAYERS",
      "layerſ",
      "Manifests",
      "manifeſts",
      "Config",
      "mediatype",
      "Subject",
    ]) {
      expect(() => parseImage({ ...image(), [field]: [descriptor(9)] }), field).toThrow(refused);
    }
    for (const field of ["Manifests", "Layers", "MediaType", "schemaversion"]) {
      expect(() => parseIndex({ ...index(), [field]: [] }), field).toThrow(refused);
    }
    for (const field of ["Digest", "DIGEST", "digeſt", "Size", "MediaType", "URLs"]) {
      expect(() => parseImage(image({ layers: [descriptor(2, { [field]: digest(3) })] })), field).toThrow(
        refused,
      );
      expect(() => parseImage(image({ subject: descriptor(2, { [field]: digest(3) }) })), field).toThrow(
        refused,
      );
    }
  });
});

describe("JSON that tries to reach what every object has", () => {
  test("changes nothing for anyone else", () => {
    const poison = `{"schemaVersion":2,"__proto__":{"config":1,"subject":{}},"constructor":{"prototype":{"layers":1}},"config":${JSON.stringify(config)}}`;
    const parsed = parseManifest(ociManifest, poison);
    expect(parsed.children).toHaveLength(1);
    expect(parsed.subject).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, "config")).toBe(false);
    expect(() => parseManifest(ociManifest, `{"__proto__":${JSON.stringify(image())}}`)).toThrow(refused);
    const inherited = `{"schemaVersion":2,"config":{"__proto__":${JSON.stringify(config)}}}`;
    expect(() => parseManifest(ociManifest, inherited)).toThrow(refused);
  });
});

describe("a large manifest", () => {
  const layers = (count: number) => Array.from({ length: count }, (_, n) => descriptor(n + 2));

  test("names at most 10,000 descriptors", () => {
    expect(parseImage(image({ layers: layers(limits.childrenMax - 1) })).children).toHaveLength(10_000);
    expect(() => parseImage(image({ layers: layers(limits.childrenMax) }))).toThrow("at most 10000");
    expect(() => parseOther({ blobs: layers(limits.childrenMax + 1) })).toThrow("at most 10000");
  });

  test("may repeat itself: the same digest is one descriptor", () => {
    const repeated = Array.from({ length: 3 * limits.childrenMax }, () => descriptor(2));
    expect(parseImage(image({ layers: repeated })).children).toHaveLength(2);
  });

  test("of 4 MiB is read in a moment, however it is nested", () => {
    const depth = 700_000;
    const startedAt = performance.now();
    const nested = `{"schemaVersion":2,"config":${JSON.stringify(config)},"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(parseManifest(ociManifest, nested).children).toHaveLength(1);
    const keys = Array.from({ length: 200_000 }, (_, n) => `"k${n}":0`).join(",");
    expect(
      parseManifest(ociManifest, `{"schemaVersion":2,"config":${JSON.stringify(config)},${keys}}`).children,
    ).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

test("whatever JSON comes, it is read or refused, and nothing else happens", () => {
  const types = [ociManifest, ociIndex, "application/vnd.acme+json"];
  const field = fc.constantFrom(
    "schemaVersion",
    "config",
    "layers",
    "manifests",
    "blobs",
    "subject",
    "annotations",
    "artifactType",
  );
  const value = fc.oneof(
    fc.json().map((text) => JSON.parse(text)),
    fc.constant(descriptor(2)),
    fc.constant([descriptor(3)]),
    fc.constant(2),
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.dictionary(field, value), (type, json) => {
      try {
        const parsed = parseManifest(type, JSON.stringify(json));
        expect(parsed.mediaType).toBe(type);
      } catch (error) {
        expect(error).toEqual(refused);
      }
    }),
    { numRuns: 500 },
  );
});
