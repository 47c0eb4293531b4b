import { describe, expect, test } from "vitest";
import { isNonDistributable, mediaTypes, parseManifestMediaType } from "../../../shared/domain/media-type.ts";
import { cpuMillisOf } from "../cpu-time.ts";

const refused = expect.objectContaining({ code: "MANIFEST_INVALID", status: 400 });

describe("the media type of a manifest", () => {
  test.each([
    ...Object.values(mediaTypes),
    "application/json",
    "application/vnd.cncf.helm.config.v1+json",
    "application/vnd.in-toto+json",
    "application/vnd.acme.widget!#$&^_.+-+json",
    "text/x+json",
    "application/vnd.docker.distribution.manifest.v1+json.x+json",
    "x-application/vnd.docker.distribution.manifest.v1+json",
  ])("may be %s", (type) => {
    expect(parseManifestMediaType(type)).toBe(type);
  });

  test("loses its parameters, and nothing else", () => {
    const type = mediaTypes.ociManifest;
    expect(parseManifestMediaType(`${type}; charset=utf-8`)).toBe(type);
    expect(parseManifestMediaType(` ${type} ;a="b;c";`)).toBe(type);
    expect(parseManifestMediaType("Application/Vnd.Acme+JSON")).toBe("Application/Vnd.Acme+JSON");
  });

  test.each([
    "",
    ";",
    "; charset=utf-8",
    "json",
    "application/",
    "/json",
    "application//json",
    "application/json/x",
    "application/json, application/json",
    "application/octet-stream",
    "x-application/json",
    "application/vnd.acme.json",
    "application/vnd.acme+json5",
    "application/vnd.oci image+json",
    "application/vnd.acme+json\n",
    "application/vnd.acme\0+json",
    "application/vnd.äcme+json",
    "*/*",
    "application/*+json",
    ".application/x+json",
    "application/+json",
  ])("is not %j", (text) => {
    expect(() => parseManifestMediaType(text.replace("\n", "\nx"))).toThrow(refused);
  });

  test.each([
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+JSON",
  ])("is not that of schema 1: %s", (type) => {
    expect(() => parseManifestMediaType(type)).toThrow("schema 1");
  });

  test("has at most 255 characters, and is judged in time linear in its length", () => {
    const long = `application/${"a".repeat(238)}+json`;
    expect(long).toHaveLength(255);
    expect(parseManifestMediaType(long)).toBe(long);
    expect(() => parseManifestMediaType(`a${long}`)).toThrow(refused);
    const millis = cpuMillisOf(() => {
      for (const text of ["a".repeat(1e6), "a/".repeat(5e5), "a;".repeat(5e5), " ".repeat(1e6)]) {
        expect(() => parseManifestMediaType(text)).toThrow(refused);
      }
    });
    expect(millis).toBeLessThan(2_000);
  });
});

test("layers that are fetched from elsewhere are known by their media type", () => {
  for (const type of [
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  ]) {
    expect(isNonDistributable(type)).toBe(true);
  }
  for (const type of ["", "application/vnd.oci.image.layer.v1.tar+gzip", "application/octet-stream"]) {
    expect(isNonDistributable(type)).toBe(false);
  }
});
