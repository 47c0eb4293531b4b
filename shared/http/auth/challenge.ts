import { formatScope } from "../../domain/access/scope.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Requirement } from "./requirement.ts";
import { tokenPath } from "./route.ts";

/** Where a request came in, as its client named it. */
export interface Entrance {
  /** `http` or `https`. */
  readonly scheme: string;
  /** With its port: the service, in the words of the token protocol. Checked to be a host's. */
  readonly host: string;
  /** The repository that a blob is to be mounted from, as the client's query has it. */
  readonly mountFrom?: RepositoryName | undefined;
}

/** Why the client is sent away. @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
export type Refusal = "invalid_token" | "insufficient_scope" | undefined;

/**
 * 401 with what a client needs to get a token: every value is quoted, since some clients read no other. Its `detail` has one object
 * for each action that is missing, as the hosted service has it.
 * @param name of the repository as the client's paths have it
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function challenge(
  { scheme, host, mountFrom }: Entrance,
  requirement: Requirement,
  name: string,
  message: string,
  refusal: Refusal,
): RegistryError {
  const scope = scopesOf(requirement, name, mountFrom);
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ["realm", `${scheme}://${host}${tokenPath}`],
    ["service", host],
    ["scope", scope],
    ["error", refusal],
    ["error_description", refusal === undefined ? undefined : message],
  ];
  const said = parameters.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${quoted(value)}`]));
  return new RegistryError("UNAUTHORIZED", {
    message,
    detail: detailOf(requirement, name),
    headers: { "www-authenticate": `Bearer ${said.join(",")}` },
  });
}

/** 401 of what is asked with a password: the token service and the management API. */
export function passwordChallenge(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", {
    message,
    headers: { "www-authenticate": 'Basic realm="Portolan", charset="UTF-8"' },
  });
}

/** 403: who he is, is known, and to ask for a token would change nothing. */
export function denial(requirement: Requirement, name: string, message: string): RegistryError {
  return new RegistryError("DENIED", { message, detail: detailOf(requirement, name) });
}

/** Who mounts needs to read at the source too. Without that he uploads, so it is asked for and not required. */
function scopesOf(
  requirement: Requirement,
  name: string,
  mountFrom: RepositoryName | undefined,
): string | undefined {
  if (requirement.kind === "repository") {
    const scope = formatScope("repository", name, requirement.asked);
    return mountFrom === undefined ? scope : `${scope} ${formatScope("repository", mountFrom, ["pull"])}`;
  }
  return requirement.kind === "registry" ? formatScope("registry", requirement.resource, ["*"]) : undefined;
}

function detailOf(requirement: Requirement, name: string): unknown {
  if (requirement.kind === "registry") return [{ Type: "registry", Name: requirement.resource, Action: "*" }];
  if (requirement.kind !== "repository") return undefined;
  return requirement.asked.map((action) => ({ Type: "repository", Name: name, Action: action }));
}

/** A quoted-string of RFC 9110 5.6.4, of what is printable. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll(/["\\]/g, "\\$&")}"`;
}
