/** A request's target, split but not decoded. */
export interface Target {
  /** The host that an absolute target names; undefined for the usual origin-form. */
  readonly host: string | undefined;
  readonly path: string;
  /** Without its question mark; empty when there is none. */
  readonly query: string;
}

/** Splits a target by RFC 9112 3.2, absolute or origin-form. Nothing is normalized, so that nothing slips past the router. */
export function splitTarget(target: string): Target {
  const absolute = target.startsWith("/") ? null : /^https?:\/\/([^/?#]*)/i.exec(target);
  const host = absolute?.[1];
  const rest = absolute === null ? target : target.slice(absolute[0].length);
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { host, path: path === "" ? "/" : path, query: mark < 0 ? "" : rest.slice(mark + 1) };
}

/** A part of a path, decoded exactly once. A malformed escape stays as it is, and is refused as what it is part of. */
export function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** By which scheme the client came: as an absolute target says, or the proxy in front, which ends TLS. */
export function schemeOf(target: string, headers: { get(name: string): string | null }): string {
  const absolute = /^https?(?=:)/i.exec(target);
  if (absolute !== null) return absolute[0].toLowerCase();
  return headers.get("x-forwarded-proto")?.split(",", 1)[0]?.trim() === "https" ? "https" : "http";
}
