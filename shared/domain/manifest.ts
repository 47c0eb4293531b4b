import { asDigest, type Digest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { limits } from "./limits.ts";
import { isJson, isNonDistributable, mediaTypes } from "./media-type.ts";

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

/** The fields that are read here, and those of a descriptor. */
const manifestFields = lookalikesOf(
  "schemaVersion",
  "mediaType",
  "config",
  "layers",
  "blobs",
  "manifests",
  "subject",
  "artifactType",
  "annotations",
);
const descriptorFields = lookalikesOf("mediaType", "digest", "size", "urls");

/**
 * Reads a manifest of any JSON media type. Images and indexes are checked; of other types, whatever looks like a
 * descriptor in the usual fields counts as a child, so that collection leaves it alone, and the rest is not judged.
 * @param text the pushed bytes, which were valid UTF-8
 * @throws RegistryError MANIFEST_INVALID
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 */
export function parseManifest(mediaType: string, text: string): Manifest {
  const json = parseObject(text);
  if (json["mediaType"] !== undefined && json["mediaType"] !== mediaType) {
    throw invalid(`the manifest's mediaType is not the request's Content-Type, ${mediaType}`);
  }
  const image = isOneOf(imageTypes, mediaType);
  const index = isOneOf(indexTypes, mediaType);
  const strict = image || index;
  if (strict) refuseLookalikes(json, manifestFields);
  if (strict && json["schemaVersion"] !== 2) throw invalid("schemaVersion must be 2");
  // A document that can be read as both would be verified as one thing and run as another.
  if (image && json["manifests"] !== undefined) throw invalid("an image manifest has no manifests");
  if (index && (json["layers"] !== undefined || json["config"] !== undefined)) {
    throw invalid("an index has neither layers nor config");
  }
  if (image && json["config"] === undefined) throw invalid("an image manifest needs a config");
  return {
    mediaType,
    children: childrenOf(json, strict),
    subject: subjectOf(json, strict),
    artifactType: artifactTypeOf(json, strict, index),
    annotations: annotationsOf(json, strict),
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
    const child = childOf(value, field, strict);
    if (child === undefined) {
      refuseIf(strict, `${field} holds a malformed descriptor`);
    } else if (children.get(child.digest)?.required !== true) {
      children.set(child.digest, child);
    }
  };
  if (json["config"] !== undefined) add(json["config"], "config");
  for (const field of ["layers", "blobs", "manifests"]) {
    const list = json[field] ?? [];
    if (Array.isArray(list)) for (const value of list) add(value, field);
    else refuseIf(strict, `${field} is not a list`);
  }
  if (children.size > limits.childrenMax) {
    throw invalid(`a manifest names at most ${limits.childrenMax} descriptors`);
  }
  return [...children.values()];
}

function childOf(value: unknown, field: string, strict: boolean): Child | undefined {
  const digest = descriptorDigest(value, strict);
  if (digest === undefined || !isObject(value)) return undefined;
  const mediaType = typeof value["mediaType"] === "string" ? value["mediaType"] : "";
  const elsewhere =
    isNonDistributable(mediaType) || (Array.isArray(value["urls"]) && value["urls"].length > 0);
  // A build cache's index lists layers, so the field alone does not decide; manifests can be of any JSON type.
  const manifest = field === "manifests" && isJson(mediaType);
  return { digest, kind: manifest ? "manifest" : "blob", required: !elsewhere };
}

function descriptorDigest(value: unknown, strict: boolean): Digest | undefined {
  if (!isObject(value)) return undefined;
  if (strict) refuseLookalikes(value, descriptorFields);
  const { digest, size, mediaType } = value as { digest?: unknown; size?: unknown; mediaType?: unknown };
  if (typeof digest !== "string" || !Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  if (mediaType !== undefined && typeof mediaType !== "string") return undefined;
  return asDigest(digest);
}

function subjectOf(json: Json, strict: boolean): Digest | undefined {
  const subject = json["subject"] ?? undefined;
  if (subject === undefined) return undefined;
  return descriptorDigest(subject, strict) ?? refuseIf(strict, "subject is a malformed descriptor");
}

function artifactTypeOf(json: Json, strict: boolean, index: boolean): string | undefined {
  const own = json["artifactType"] ?? "";
  if (own !== "") return checkedType(own, "artifactType", strict);
  const config = json["config"];
  const configType = isObject(config) ? (config["mediaType"] ?? "") : "";
  return index || configType === "" ? undefined : checkedType(configType, "config.mediaType", strict);
}

function checkedType(type: unknown, field: string, strict: boolean): string | undefined {
  if (typeof type !== "string") return refuseIf(strict, `${field} is not a string`);
  if (type.length <= limits.mediaTypeCharsMax) return type;
  return refuseIf(strict, `${field} has more than ${limits.mediaTypeCharsMax} characters`);
}

function annotationsOf(json: Json, strict: boolean): Record<string, string> | undefined {
  const annotations = json["annotations"] ?? undefined;
  if (annotations === undefined) return undefined;
  if (!isObject(annotations) || !Object.values(annotations).every((value) => typeof value === "string")) {
    return refuseIf(strict, "annotations map strings to strings");
  }
  return annotations as Record<string, string>;
}

/** Media types are compared without regard to case, as clients do: `+JSON` must not get an image past the checks. */
function isOneOf(types: readonly string[], mediaType: string): boolean {
  return types.includes(mediaType.toLowerCase());
}

/**
 * Go's decoder, and so most clients, take `Layers` for `layers`: they would run what was not checked here.
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 */
function refuseLookalikes(json: Json, fields: ReadonlyMap<string, string>): void {
  for (const key of Object.keys(json)) {
    const field = fields.get(foldCase(key));
    if (field !== undefined && field !== key) throw invalid(`${field} is spelled ${key}`);
  }
}

function lookalikesOf(...fields: readonly string[]): ReadonlyMap<string, string> {
  return new Map(fields.map((field) => [foldCase(field), field]));
}

/** Both ways, since the long s and the Kelvin sign are letters that differ from s and k in one of them alone. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is malformed in a type that is not checked counts as absent. */
function refuseIf(strict: boolean, message: string): undefined {
  if (strict) throw invalid(message);
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", { message });
}
