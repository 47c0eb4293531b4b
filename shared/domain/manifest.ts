import { asDigest, type Digest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { limits } from "./limits.ts";
import { isNonDistributable, mediaTypes } from "./media-type.ts";

/** Something that a manifest names and needs. */
export interface Child {
  readonly digest: Digest;
  readonly kind: "manifest" | "blob";
  /** False for layers that are fetched from elsewhere: they may be absent. */
  readonly required: boolean;
}

/** What the registry has to know of a manifest; its bytes are kept as they came. */
export interface Manifest {
  readonly mediaType: string;
  readonly children: readonly Child[];
  readonly subject: Digest | undefined;
  /** What a referrer's descriptor says: the manifest's own, or for an image its config's media type. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

type Json = Record<string, unknown>;

const imageTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerManifestList];

/**
 * Reads a manifest of any JSON media type. Images and indexes are checked; of other types, whatever looks like a
 * descriptor in the usual fields counts as a child, so that collection leaves it alone.
 * @param text the pushed bytes, which were valid UTF-8
 * @throws RegistryError MANIFEST_INVALID
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 */
export function parseManifest(mediaType: string, text: string): Manifest {
  const json = parseObject(text);
  if (json["mediaType"] !== undefined && json["mediaType"] !== mediaType) {
    throw invalid(`the manifest's mediaType is not the request's Content-Type, ${mediaType}`);
  }
  const image = imageTypes.includes(mediaType);
  const index = indexTypes.includes(mediaType);
  if ((image || index) && json["schemaVersion"] !== 2) throw invalid("schemaVersion must be 2");
  // A document that can be read as both would be verified as one thing and run as another.
  if (image && json["manifests"] !== undefined) throw invalid("an image manifest has no manifests");
  if (index && (json["layers"] !== undefined || json["config"] !== undefined)) {
    throw invalid("an index has neither layers nor config");
  }
  if (image && json["config"] === undefined) throw invalid("an image manifest needs a config");
  const strict = image || index;
  return {
    mediaType,
    children: childrenOf(json, strict),
    subject: subjectOf(json),
    artifactType: artifactTypeOf(json, index),
    annotations: annotationsOf(json),
  };
}

function parseObject(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("the manifest is not JSON");
  }
  if (!isObject(value)) throw invalid("the manifest is not a JSON object");
  return value;
}

function childrenOf(json: Json, strict: boolean): Child[] {
  const children = new Map<Digest, Child>();
  const add = (value: unknown, field: string) => {
    const child = childOf(value, field);
    if (child === undefined) {
      if (strict) throw invalid(`${field} holds a malformed descriptor`);
    } else if (children.get(child.digest)?.required !== true) {
      children.set(child.digest, child);
    }
  };
  if (json["config"] !== undefined) add(json["config"], "config");
  for (const field of ["layers", "blobs", "manifests"]) {
    const list = json[field] ?? [];
    if (Array.isArray(list)) for (const value of list) add(value, field);
    else if (strict) throw invalid(`${field} is not a list`);
  }
  if (children.size > limits.childrenMax) {
    throw invalid(`a manifest names at most ${limits.childrenMax} descriptors`);
  }
  return [...children.values()];
}

function childOf(value: unknown, field: string): Child | undefined {
  const digest = descriptorDigest(value);
  if (digest === undefined || !isObject(value)) return undefined;
  const mediaType = typeof value["mediaType"] === "string" ? value["mediaType"] : "";
  const elsewhere =
    isNonDistributable(mediaType) || (Array.isArray(value["urls"]) && value["urls"].length > 0);
  // A build cache's index lists layers, so the type decides, not the field.
  const manifest =
    field === "manifests" && (imageTypes.includes(mediaType) || indexTypes.includes(mediaType));
  return { digest, kind: manifest ? "manifest" : "blob", required: !elsewhere };
}

function descriptorDigest(value: unknown): Digest | undefined {
  if (!isObject(value)) return undefined;
  const { digest, size, mediaType } = value as { digest?: unknown; size?: unknown; mediaType?: unknown };
  if (typeof digest !== "string" || !Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  if (mediaType !== undefined && typeof mediaType !== "string") return undefined;
  return asDigest(digest);
}

function subjectOf(json: Json): Digest | undefined {
  if (json["subject"] === undefined || json["subject"] === null) return undefined;
  const digest = descriptorDigest(json["subject"]);
  if (digest === undefined) throw invalid("subject is a malformed descriptor");
  return digest;
}

function artifactTypeOf(json: Json, index: boolean): string | undefined {
  const own = json["artifactType"];
  if (own !== undefined && typeof own !== "string") throw invalid("artifactType is not a string");
  if (own !== undefined && own !== "") return checkedType(own, "artifactType");
  const config = json["config"];
  const configType = isObject(config) ? config["mediaType"] : undefined;
  return index || typeof configType !== "string" ? undefined : checkedType(configType, "config.mediaType");
}

function checkedType(type: string, field: string): string {
  if (type.length > limits.mediaTypeCharsMax) {
    throw invalid(`${field} has more than ${limits.mediaTypeCharsMax} characters`);
  }
  return type;
}

function annotationsOf(json: Json): Record<string, string> | undefined {
  const annotations = json["annotations"];
  if (annotations === undefined || annotations === null) return undefined;
  if (!isObject(annotations) || !Object.values(annotations).every((value) => typeof value === "string")) {
    throw invalid("annotations map strings to strings");
  }
  return annotations as Record<string, string>;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", { message });
}
