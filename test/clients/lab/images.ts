import { execFileSync } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Bytes of the big layer; with the tar around it, and since nothing in it can be compressed, more than 200 MB. */
const bigFileBytes = 210 * 1024 * 1024;
/** Bytes of what differs between two platforms of the index. */
const platformFileBytes = 3 * 1024 * 1024;
/** Bytes of each of the images that are to take long. */
export const slowBytes = 9 * 1024 * 1024;

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An image in a folder of the OCI layout, with `v1` as its name there. */
export interface Layout {
  readonly folder: string;
  /** Of the manifest or the index that `v1` names. */
  readonly digest: string;
  /** A tar of the folder. */
  readonly archive: string;
}

/** An image of layers that nothing can compress. */
export interface NoiseLayout extends Layout {
  /** What is in each of its layers: one file. */
  readonly sources: readonly string[];
}

/** The images that clients push, made from nothing but this machine's busybox. */
export interface Images {
  /** For what is to take long: a few layers that are big for a thin line, and many small ones. */
  readonly slow: { readonly few: NoiseLayout; readonly many: NoiseLayout };
  /** One platform, three layers, the last of more than 200 MB. */
  readonly image: Layout;
  /** An index of two platforms. */
  readonly index: Layout;
  /** The big layer of `image`. */
  readonly bigLayer: Descriptor;
  /** A folder with a Dockerfile that builds an image of several layers, one of more than 200 MB, from scratch. */
  readonly buildContext: string;
  /** A tar that can be appended as a layer. */
  readonly smallLayerTar: string;
}

/** Builds all images in a folder. Their bytes are the same in every run, but for the busybox of the machine. */
export function buildImages(folder: string): Images {
  const buildContext = join(folder, "context");
  const base = join(buildContext, "base");
  const app = join(buildContext, "app");
  const big = join(buildContext, "big");
  mkdirSync(join(base, "bin"), { recursive: true });
  mkdirSync(join(app, "opt/app"), { recursive: true });
  mkdirSync(join(big, "srv"), { recursive: true });
  if (existsSync("/bin/busybox")) copyFileSync("/bin/busybox", join(base, "bin/busybox"));
  else writeFileSync(join(base, "bin/busybox"), noise("busybox", platformFileBytes));
  for (let file = 0; file < 200; file += 1) {
    writeFileSync(join(app, `opt/app/file-${file}.txt`), `line of file ${file}\n`.repeat(file + 1));
  }
  writeFileSync(join(big, "srv/noise"), noise("big", bigFileBytes));
  writeFileSync(join(buildContext, "Dockerfile"), dockerfile);

  const smallLayerTar = join(folder, "app.tar");
  writeFileSync(smallLayerTar, tar(app));
  const image = new LayoutWriter(join(folder, "image"));
  const layers = [
    image.layer(tar(base), 6),
    image.layer(readFileSync(smallLayerTar), 6),
    image.layer(tar(big), 0),
  ];
  const bigLayer = layers[2]?.descriptor;
  if (bigLayer === undefined || bigLayer.size < 200_000_000) throw new Error("the big layer is too small");
  const imageLayout = image.finish(image.manifest("amd64", layers));
  const slow = {
    few: buildNoise(folder, "few", 3, slowBytes / 3),
    many: buildNoise(folder, "many", 30, slowBytes / 30),
  };
  return { image: imageLayout, index: buildIndex(folder, app), bigLayer, buildContext, smallLayerTar, slow };
}

function buildIndex(folder: string, app: string): Layout {
  const index = new LayoutWriter(join(folder, "index"));
  const shared = index.layer(tar(app), 6);
  const children = ["amd64", "arm64"].map((architecture) => {
    const own = join(folder, `own-${architecture}`);
    mkdirSync(own);
    writeFileSync(join(own, "noise"), noise(architecture, platformFileBytes));
    const child = index.manifest(architecture, [shared, index.layer(tar(own), 0)]);
    return { ...child, platform: { architecture, os: "linux" } };
  });
  return index.finish(index.json(indexType, { schemaVersion: 2, mediaType: indexType, manifests: children }));
}

function buildNoise(folder: string, name: string, layers: number, bytesEach: number): NoiseLayout {
  const writer = new LayoutWriter(join(folder, name));
  const sources: string[] = [];
  const made = Array.from({ length: layers }, (_, index) => {
    const own = join(folder, `${name}-${index}`);
    mkdirSync(own);
    const source = join(own, `noise-${index}`);
    writeFileSync(source, noise(`${name} ${index}`, Math.floor(bytesEach)));
    sources.push(source);
    return writer.layer(tar(own), 0);
  });
  return { ...writer.finish(writer.manifest("amd64", made)), sources };
}

const dockerfile = `FROM scratch
COPY base /
COPY app /
COPY big /
ARG TARGETARCH=none
COPY Dockerfile /architecture-$TARGETARCH
ENTRYPOINT ["/bin/busybox"]
CMD ["true"]
`;

interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Writes one folder of the OCI image layout. @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
class LayoutWriter {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }

  /** @param level of gzip; 0 stores, which is all that noise deserves */
  layer(uncompressed: Buffer, level: number): Layer {
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    return {
      descriptor: this.#blob(mediaType, gzipSync(uncompressed, { level })),
      diffId: digestOf(uncompressed),
    };
  }

  manifest(architecture: string, layers: readonly Layer[]): Descriptor {
    const config = this.json("application/vnd.oci.image.config.v1+json", {
      architecture,
      os: "linux",
      created: "2026-01-01T00:00:00Z",
      config: { Cmd: ["/bin/busybox", "true"] },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map(() => ({ created: "2026-01-01T00:00:00Z" })),
    });
    return this.json(manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config,
      layers: layers.map((layer) => layer.descriptor),
    });
  }

  json(mediaType: string, value: unknown): Descriptor {
    return this.#blob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  finish(root: Descriptor): Layout {
    const named = { ...root, annotations: { "org.opencontainers.image.ref.name": "v1" } };
    writeFileSync(
      join(this.#folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [named] }),
    );
    const archive = `${this.#folder}.tar`;
    execFileSync("tar", ["-C", this.#folder, "-cf", archive, "."]);
    return { folder: this.#folder, digest: root.digest, archive };
  }

  #blob(mediaType: string, bytes: Buffer): Descriptor {
    const digest = digestOf(bytes);
    writeFileSync(join(this.#folder, "blobs/sha256", digest.slice("sha256:".length)), bytes);
    return { mediaType, digest, size: bytes.length };
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function tar(folder: string): Buffer {
  const file = `${folder}.layer.tar`;
  const fixed = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=2026-01-01 00:00Z"];
  execFileSync("tar", [...fixed, "-C", folder, "-cf", file, "."]);
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

/** Bytes that nothing can compress, the same for the same seed. */
function noise(seed: string, bytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
