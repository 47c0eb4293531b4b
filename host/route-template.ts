/** Tells whether a decoded path, without its first slash, has the form of a template. */
export type PathMatcher = (path: string) => boolean;

const catchAll = /^\{\*{1,2}([A-Za-z_][A-Za-z0-9_]*)(?::regex\((.*)\))?\}$/;
const parameter = /^\{[A-Za-z_][A-Za-z0-9_]*\}$/;

/**
 * Compiles a route the way that ASP.NET's routing reads it, as far as registry routes go: literal segments and
 * `{parameters}`, and a catch-all as the last segment, with a `regex` constraint if wanted. Case is ignored; a
 * catch-all takes a trailing slash along, everything else passes over it. No segment that is matched may be empty, nor the one
 * at which a catch-all begins.
 * @throws Error for what the runtime would refuse at its start, and for what is not supported here
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
 */
export function compileTemplate(template: string): PathMatcher {
  const { segments, last } = splitTemplate(template);
  const literals = segments.map((segment) => literalOrAny(segment, template));
  const match = last === undefined ? undefined : catchAll.exec(last);
  if (last !== undefined && match === null) literals.push(literalOrAny(last, template));
  const pattern = match?.[2];
  // A literal brace is written twice inside a constraint.
  const constraint =
    pattern === undefined ? undefined : new RegExp(pattern.replaceAll("{{", "{").replaceAll("}}", "}"), "i");
  const takesRest = match !== null && match !== undefined;
  return (path) => {
    const rest = matchSegments(path, literals);
    if (rest === undefined) return false;
    if (!takesRest) return rest === "" || rest === "/";
    const value = literals.length === 0 ? rest : rest.slice(1);
    if (value.startsWith("/")) return false;
    return constraint === undefined || constraint.test(value);
  };
}

/** Slashes inside of a constraint do not split. */
function splitTemplate(template: string): { segments: string[]; last: string | undefined } {
  const brace = template.indexOf("{*");
  const head = brace < 0 ? template : template.slice(0, brace);
  if (brace > 0 && template[brace - 1] !== "/") throw unsupported(template);
  const segments = head.split("/").filter((segment) => segment !== "");
  return { segments, last: brace < 0 ? undefined : template.slice(brace) };
}

/** A segment in lower case; undefined: any. */
function literalOrAny(segment: string, template: string): string | undefined {
  if (parameter.test(segment)) return undefined;
  if (/[{}*?]/.test(segment)) throw unsupported(template);
  return segment.toLowerCase();
}

/** What follows the segments, with its slash; undefined when they do not match. */
function matchSegments(path: string, literals: readonly (string | undefined)[]): string | undefined {
  let rest = literals.length === 0 ? path : `/${path}`;
  for (const literal of literals) {
    const end = rest.indexOf("/", 1);
    const segment = rest.slice(1, end < 0 ? undefined : end);
    if (literal === undefined ? segment === "" : segment.toLowerCase() !== literal) return undefined;
    rest = end < 0 ? "" : rest.slice(end);
  }
  return rest;
}

function unsupported(template: string): Error {
  return new Error(`the route ${JSON.stringify(template)} is not one that this host understands`);
}
