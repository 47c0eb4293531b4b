import { type AcrRoute, acrMethods, parseAcrRoute } from "./acr/route.ts";
import { type AuthRoute, authMethods, parseAuthRoute } from "./auth/route.ts";
import { type ArmRoute, armMethods, parseArmRoute } from "./management/route.ts";
import { decodeOnce } from "./target.ts";

/** What a path addresses. Names and references are decoded once and not yet checked. */
export type Route = RegistryRoute | AcrRoute | ArmRoute | AuthRoute;

/** Of the registry API of OCI, and what else is at the root. */
type RegistryRoute =
  | { readonly kind: "health" }
  | { readonly kind: "readiness" }
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "blob"; readonly name: string; readonly digest: string }
  | { readonly kind: "upload-start"; readonly name: string }
  | { readonly kind: "upload"; readonly name: string; readonly ticket: string }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "tags"; readonly name: string }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: string };

/** The methods that each kind of route answers; the doors register the same ones. */
export const routeMethods: Readonly<Record<Route["kind"], readonly string[]>> = {
  health: ["GET", "HEAD"],
  readiness: ["GET", "HEAD"],
  base: ["GET", "HEAD"],
  catalog: ["GET", "HEAD"],
  blob: ["GET", "HEAD", "DELETE"],
  "upload-start": ["POST"],
  upload: ["GET", "PATCH", "PUT", "DELETE"],
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  tags: ["GET", "HEAD"],
  referrers: ["GET", "HEAD"],
  ...acrMethods,
  ...armMethods,
  ...authMethods,
};

/**
 * The route of a raw path, or undefined. It is split from the right on literal slashes, because names contain slashes and may
 * contain the words of the API, and every part is decoded exactly once: `library%2Fhello` is a name with a slash,
 * `%252F` and `%0A` stay what no name may hold.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2" || path === "/v2/") return { kind: "base" };
  if (path === "/healthz") return { kind: "health" };
  if (path === "/readyz") return { kind: "readiness" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  if (path.startsWith("/acr/v1/")) return parseAcrRoute(path.slice("/acr/v1/".length));
  if (!path.startsWith("/v2/")) return parseAuthRoute(path) ?? parseArmRoute(path);

  const lastSlash = path.lastIndexOf("/");
  const last = path.slice(lastSlash + 1);
  const wordSlash = path.lastIndexOf("/", lastSlash - 1);
  const word = path.slice(wordSlash + 1, lastSlash);
  const before = wordSlash <= 3 ? "" : path.slice(4, wordSlash);

  if (word === "uploads" && before.endsWith("/blobs")) {
    const name = before.slice(0, -"/blobs".length);
    if (name === "") return undefined;
    return last === ""
      ? uploadStart(name)
      : { kind: "upload", name: decodeOnce(name), ticket: decodeOnce(last) };
  }
  if (before === "") return undefined;
  const name = decodeOnce(before);
  switch (word) {
    case "blobs":
      return last === "uploads" ? uploadStart(before) : { kind: "blob", name, digest: decodeOnce(last) };
    case "manifests":
      return { kind: "manifest", name, reference: decodeOnce(last) };
    case "referrers":
      return { kind: "referrers", name, digest: decodeOnce(last) };
    case "tags":
      return last === "list" ? { kind: "tags", name } : undefined;
    default:
      return undefined;
  }
}

/** The inverse of parseRoute for what is addressed by name. @param name with the registry in front, where the path carries it */
export function formatPath(name: string, ...rest: readonly string[]): string {
  return `/v2/${name}/${rest.join("/")}`;
}

function uploadStart(name: string): Route {
  return { kind: "upload-start", name: decodeOnce(name) };
}
