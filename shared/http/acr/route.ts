import { decodeOnce } from "../target.ts";

/** A path of the data-plane API of Azure Container Registry, and of what is added to it here. */
export type AcrRoute =
  | { readonly kind: "acr-catalog" }
  | { readonly kind: "acr-repository"; readonly name: string }
  | { readonly kind: "acr-tags"; readonly name: string }
  | { readonly kind: "acr-tag"; readonly name: string; readonly tag: string }
  | { readonly kind: "acr-manifests"; readonly name: string }
  | { readonly kind: "acr-manifest"; readonly name: string; readonly digest: string };

/** HEAD is none of that API's methods. */
export const acrMethods: Readonly<Record<AcrRoute["kind"], readonly string[]>> = {
  "acr-catalog": ["GET"],
  "acr-repository": ["GET", "PATCH", "DELETE"],
  "acr-tags": ["GET"],
  "acr-tag": ["GET", "PATCH", "PUT", "DELETE"],
  "acr-manifests": ["GET"],
  "acr-manifest": ["GET", "PATCH"],
};

/**
 * The route of what follows `/acr/v1/`, raw. No part of a repository's name begins with an underscore, so a part that does is a word of the
 * API, unless it stands where a tag is expected.
 */
export function parseAcrRoute(path: string): AcrRoute | undefined {
  if (path === "_catalog") return { kind: "acr-catalog" };
  const parts = path.split("/");
  const word = parts.at(-2);
  const item = decodeOnce(parts.at(-1) ?? "");
  if (word === "_tags" || word === "_manifests") {
    const name = nameOf(parts.slice(0, -2));
    if (name === undefined || item === "") return undefined;
    return word === "_tags"
      ? { kind: "acr-tag", name, tag: item }
      : { kind: "acr-manifest", name, digest: item };
  }
  const last = parts.at(-1);
  if (last === "_tags" || last === "_manifests") {
    const name = nameOf(parts.slice(0, -1));
    if (name === undefined) return undefined;
    return { kind: last === "_tags" ? "acr-tags" : "acr-manifests", name };
  }
  const name = nameOf(parts);
  return name === undefined ? undefined : { kind: "acr-repository", name };
}

/** The inverse of parseAcrRoute: names and digests are encoded whole, as the hosted service does. */
export function formatAcrPath(...parts: readonly string[]): string {
  return `/acr/v1/${parts.map(encodeURIComponent).join("/")}`;
}

function nameOf(parts: readonly string[]): string | undefined {
  if (parts.length === 0 || parts.some((part) => part === "" || part.startsWith("_"))) return undefined;
  return decodeOnce(parts.join("/"));
}
