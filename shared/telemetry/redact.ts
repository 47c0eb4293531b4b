// What may be written down of a request or an error. Headers, replies' Location and bodies never are.

const redacted = "REDACTED";

/** Characters of a target that are looked at: it can hold anything. */
const targetCharsMax = 8 * 1024;

/** Query parameters of the registry APIs and of the management API. The values of all others, such as a signature's, are not written down. */
const knownParameters: ReadonlySet<string> = new Set([
  "$filter",
  "$skiptoken",
  "$top",
  "%24filter",
  "%24skiptoken",
  "%24top",
  "api-version",
  "access_type",
  "artifactType",
  "at",
  "client_id",
  "digest",
  "digest-algorithm",
  "force",
  "from",
  "last",
  "month",
  "mount",
  "n",
  "offline_token",
  "orderby",
  "repository",
  "scope",
  "service",
  "tag",
]);

/**
 * A request's target without what opens something: whoever has an upload's URL can write to the upload, so of its last segment
 * only the id stays.
 * @param target as the client sent it, absolute or origin-form
 */
export function redactTarget(target: string): string {
  // Most targets are plain, and this is asked of each. A ticket names its algorithm.
  if (
    target.startsWith("/") &&
    !target.includes("?") &&
    !target.includes("%") &&
    !target.includes("uploads") &&
    !target.includes(".sha")
  ) {
    return target;
  }
  const whole = target.slice(0, targetCharsMax);
  const mark = whole.indexOf("?");
  const path = redactPath(mark < 0 ? whole : whole.slice(0, mark));
  return mark < 0 ? path : `${path}?${redactQuery(whole.slice(mark + 1))}`;
}

function redactPath(path: string): string {
  return path
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, `$1${redacted}@`)
    .replace(/(\/blobs\/uploads\/)([0-9A-Z]{26}(?=\.|$))?.+$/i, `$1$2.${redacted}`)
    .replace(tickets, `$1.${redacted}`);
}

/** @param query without its question mark */
function redactQuery(query: string): string {
  return query
    .split("&")
    .map((parameter) => {
      const equals = parameter.indexOf("=");
      const name = equals < 0 ? parameter : parameter.slice(0, equals);
      if (knownParameters.has(name)) return parameter;
      // What has no value may be one.
      return equals > 0 && /^[\w.-]{1,32}$/.test(name) ? `${name}=${redacted}` : redacted;
    })
    .join("&");
}

/** An upload's ticket, wherever it stands: its id, and what makes it one. */
const tickets = /([0-9A-HJKMNP-TV-Z]{26})(?:\.|%2e)[^\s/?&"'<>]+/gi;

const secrets: readonly (readonly [RegExp, string])[] = [
  [/\b(authorization|proxy-authorization|(?:set-)?cookie)("?\s*[:=]\s*"?)[^\r\n"]+/gi, `$1$2${redacted}`],
  [/\b(bearer|basic|sharedkey(?:lite)?)(\s+)[^\s"',;]{8,}/gi, `$1$2${redacted}`],
  // Signatures of Azure's URLs and tokens, also within a token that is escaped as a whole, and parts of connection strings.
  [
    /(sig|signature|accountkey|sharedaccesssignature|instrumentationkey|password|secret|token)(=|%3d)[^&\s"';<>]+/gi,
    `$1$2${redacted}`,
  ],
  // As Azure Storage repeats what it refuses.
  [/(signature found in the http request ')[^']+/gi, `$1${redacted}`],
  // A password of this registry, which may stand where somebody's name should.
  [/\bportolan_[\w-]{8,}/g, redacted],
  [/\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?/g, redacted],
  [/(:\/\/)[^/\s@]+@/g, `$1${redacted}@`],
  [tickets, `$1.${redacted}`],
];

/** Text that others made, such as an error's, without tokens, keys, signatures and upload tickets. */
export function redactText(text: string): string {
  let rest = text;
  for (const [pattern, replacement] of secrets) rest = rest.replace(pattern, replacement);
  return rest;
}
