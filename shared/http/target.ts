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
