import type { Digest } from "../domain/digest.ts";
import type { Reply } from "./exchange.ts";

/** A digest is the strongest of entity tags. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/** Whether an `If-None-Match` header names `tag`, by the weak comparison of RFC 9110 8.8.3.2. */
export function matchesEntityTag(header: string, tag: string): boolean {
  return header.split(",").some((part) => {
    const candidate = part.trim();
    return candidate === "*" || candidate === tag || candidate === `W/${tag}`;
  });
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5 */
export function notModified(headers: Readonly<Record<string, string>>): Reply {
  const { "content-length": _length, "content-type": _type, ...kept } = headers;
  return { status: 304, headers: kept };
}
