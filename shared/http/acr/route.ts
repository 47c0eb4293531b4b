import { decodeOnce } from "../target.ts";

/** A path of the data-plane API of Azure Container Registry, and of what is added to it here. */
export type AcrRoute = { readonly kind: "acr-catalog" | "acr-deleted-catalog" } | AcrRepositoryRoute;

/** A path about one repository. */
export type AcrRepositoryRoute =
  | { readonly kind: "acr-repository" | "acr-deleted-repository"; readonly name: string }
  | { readonly kind: "acr-tags" | "acr-deleted-tags"; readonly name: string }
  | { readonly kind: "acr-tag" | "acr-deleted-tag"; readonly name: string; readonly tag: string }
  | { readonly kind: "acr-manifests" | "acr-deleted-manifests"; readonly name: string }
  | {
      readonly kind: "acr-manifest" | "acr-deleted-manifest";
      readonly name: string;
      readonly digest: string;
    };

/** HEAD is none of that API's methods. */
export const acrMethods: Readonly<Record<AcrRoute["kind"], readonly string[]>> = {
  "acr-catalog": ["GET"],
  "acr-repository": ["GET", "PATCH", "DELETE"],
  "acr-tags": ["GET"],
  "acr-tag": ["GET", "PATCH", "PUT", "DELETE"],
  "acr-manifests": ["GET"],
  "acr-manifest": ["GET", "PATCH"],
  "acr-deleted-catalog": ["GET"],
  "acr-deleted-repository": ["POST", "DELETE"],
  "acr-deleted-tags": ["GET"],
  "acr-deleted-tag": ["DELETE"],
  "acr-deleted-manifests": ["GET"],
  "acr-deleted-manifest": ["POST", "DELETE"],
};

/** Whether the route is this API's. */
export function isAcrRoute<R extends { readonly kind: string }>(
  route: R,
): route is Extract<R, AcrRepositoryRoute> {
  return Object.hasOwn(acrMethods, route.kind);
}

const kinds = {
  present: {
    catalog: "acr-catalog",
    repository: "acr-repository",
    tags: "acr-tags",
    tag: "acr-tag",
    manifests: "acr-manifests",
    manifest: "acr-manifest",
  },
  deleted: {
    catalog: "acr-deleted-catalog",
    repository: "acr-deleted-repository",
    tags: "acr-deleted-tags",
    tag: "acr-deleted-tag",
    manifests: "acr-deleted-manifests",
    manifest: "acr-deleted-manifest",
  },
} as const;

const deletedPrefix = "_deleted/";

/**
 * The route of what follows `/acr/v1/`, raw. No part of a repository's name begins with an underscore, so a part that does is a
 * word of the API, unless it stands where a tag is expected.
 */
export function parseAcrRoute(path: string): AcrRoute | undefined {
  const deleted = path.startsWith(deletedPrefix);
  const kind = kinds[deleted ? "deleted" : "present"];
  const rest = deleted ? path.slice(deletedPrefix.length) : path;
  if (rest === "_catalog") return { kind: kind.catalog };

  const parts = rest.split("/");
  const last = parts.at(-1) ?? "";
  const word = parts.at(-2);
  if (word === "_tags" || word === "_manifests") {
    const name = nameOf(parts.slice(0, -2));
    if (name === undefined || last === "") return undefined;
    const item = decodeOnce(last);
    return word === "_tags"
      ? { kind: kind.tag, name, tag: item }
      : { kind: kind.manifest, name, digest: item };
  }
  const listed = last === "_tags" || last === "_manifests";
  const name = nameOf(listed ? parts.slice(0, -1) : parts);
  if (name === undefined) return undefined;
  if (!listed) return { kind: kind.repository, name };
  return { kind: last === "_tags" ? kind.tags : kind.manifests, name };
}

/** The inverse of parseAcrRoute: names and digests are encoded whole, as the hosted service does. */
export function formatAcrPath(...parts: readonly string[]): string {
  return `/acr/v1/${parts.map(encodeURIComponent).join("/")}`;
}

function nameOf(parts: readonly string[]): string | undefined {
  if (parts.length === 0 || parts.some((part) => part === "" || part.startsWith("_"))) return undefined;
  return decodeOnce(parts.join("/"));
}
