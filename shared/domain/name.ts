import { asDigest, type Digest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { limits } from "./limits.ts";

declare const brand: unique symbol;

/** A repository's name as the spec's `<name>`, without the registry that a path may put in front of it. */
export type RepositoryName = string & { readonly [brand]: "RepositoryName" };
export type Tag = string & { readonly [brand]: "Tag" };
/** A registry's name: 5 to 50 lower-case letters and digits. */
export type RegistryName = string & { readonly [brand]: "RegistryName" };

/** What follows `/manifests/`. */
export type Reference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };

// Each component is matched on its own, and its grammar has no nested repetition over the same characters:
// the time is linear in the name's length.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/;
const registryGrammar = /^[a-z0-9]+$/;
const resourceGroupGrammar = /^[\w.()-]{0,89}[\w()-]$/;

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
export function asRepositoryName(text: string): RepositoryName | undefined {
  if (text.length > limits.repositoryNameCharsMax) return undefined;
  return text.split("/").every((part) => component.test(part)) ? (text as RepositoryName) : undefined;
}

/** @throws RegistryError NAME_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  const name = asRepositoryName(text);
  if (name !== undefined) return name;
  const reason =
    text.length > limits.repositoryNameCharsMax
      ? `a repository name has at most ${limits.repositoryNameCharsMax} characters`
      : "a repository name is made of lower-case letters, digits and single . _ - between them, in parts split by /";
  throw new RegistryError("NAME_INVALID", { message: reason, detail: { name: text.slice(0, 300) } });
}

export function asTag(text: string): Tag | undefined {
  return text.length <= limits.tagCharsMax && tagGrammar.test(text) ? (text as Tag) : undefined;
}

/** The reference that `text` spells, or undefined when it is neither a tag nor a supported digest. */
export function asReference(text: string): Reference | undefined {
  const digest = asDigest(text);
  if (digest !== undefined) return { kind: "digest", digest };
  const tag = asTag(text);
  return tag === undefined ? undefined : { kind: "tag", tag };
}

export function asRegistryName(text: string): RegistryName | undefined {
  if (text.length < limits.registryNameCharsMin || text.length > limits.registryNameCharsMax)
    return undefined;
  return registryGrammar.test(text) ? (text as RegistryName) : undefined;
}

/**
 * Whether a resource group can be called that, in whichever case: up to 90 ASCII letters, digits and `. _ - ( )`, no point at the end.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export function isResourceGroupName(text: string): boolean {
  return resourceGroupGrammar.test(text);
}
