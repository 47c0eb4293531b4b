import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import type { RepositoryDirectory } from "../../catalog/repository-directory.ts";
import { allows, type RepositoryAction } from "../../domain/access/actions.ts";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { asRepositoryName } from "../../domain/name.ts";
import type { Caller } from "../../identity/caller.ts";
import type { NetworkOf } from "../../identity/failed-logins.ts";
import type { Identity } from "../../identity/identity.ts";
import { challenge, denial, type Entrance, type Refusal } from "./challenge.ts";
import { isOpen } from "./open.ts";
import type { Requirement } from "./requirement.ts";

/** A request to a registry, as far as it matters who makes it. */
export interface Approach {
  readonly identity: Identity;
  readonly registry: RegistryDocument;
  readonly repositories: RepositoryDirectory;
  readonly authorization: string | null;
  readonly networkOf: NetworkOf;
  readonly entrance: Entrance;
  /** The repository's name; empty when it is about none. */
  readonly name: string;
  /** As in the paths of this client. */
  readonly prefix: string;
  /**
   * Whether a body comes with it. Some clients cannot send one twice, so a token that ended since they began with this upload or image
   * still brings it in.
   */
  readonly hasBody: boolean;
}

/** What everybody may do to what is open to everybody. */
const openActions: readonly RepositoryAction[] = ["pull", "metadata_read"];

/**
 * Who the caller is, if he may do what the request needs. Answered at once, without a promise, for whoever was verified of late.
 * @throws RegistryError UNAUTHORIZED with a challenge, DENIED, TOOMANYREQUESTS
 */
export function authorize(approach: Approach, requirement: Requirement): Caller | Promise<Caller> {
  const { identity, authorization, registry, networkOf } = approach;
  const graceSeconds = bringsIn(approach, requirement) ? limits.endedTokenSeconds : 0;
  let caller: Caller | Promise<Caller>;
  try {
    caller = identity.authenticate(authorization, registry, { networkOf, graceSeconds });
  } catch (error) {
    throw explain(approach, requirement, error);
  }
  if (!(caller instanceof Promise)) return admit(approach, requirement, caller);
  return caller.then(
    (known) => admit(approach, requirement, known),
    (error: unknown) => {
      throw explain(approach, requirement, error);
    },
  );
}

/** Anybody can give any request a body; only those of pushes are waited for. */
function bringsIn({ hasBody }: Approach, requirement: Requirement): boolean {
  return hasBody && requirement.kind === "repository" && requirement.anyOf.includes("push");
}

function admit(approach: Approach, requirement: Requirement, caller: Caller): Caller | Promise<Caller> {
  const { name } = approach;
  switch (requirement.kind) {
    case "none":
      return caller;
    case "login":
      if (caller.by !== "nothing") return caller;
      break;
    case "registry":
      if (caller.resources.includes(requirement.resource)) return caller;
      break;
    case "repository":
      if (requirement.anyOf.some((action) => allows(caller.grants, name, action)))
        return approach.entrance.mountFrom === undefined
          ? caller
          : admitToMount(approach, requirement, caller);
      if (requirement.anyOf.some((action) => openActions.includes(action)))
        return admitToOpen(approach, requirement, caller);
      break;
    case "management":
      break;
  }
  throw refuse(approach, requirement, caller);
}

/** The repository may be open to everybody. No read unless some of this registry are. */
async function admitToOpen(approach: Approach, requirement: Requirement, caller: Caller): Promise<Caller> {
  const { registry, repositories } = approach;
  const { anonymousPull } = registry.policies;
  const name = asRepositoryName(approach.name);
  const repository =
    anonymousPull === "selected" && name !== undefined ? await repositories.find(registry, name) : undefined;
  if (isOpen(registry, repository ?? {})) return caller;
  throw refuse(approach, requirement, caller);
}

/**
 * Who may not read at the source of a mount uploads instead. One who may, but whose token was not asked for that, is told to ask: some
 * clients keep a token for all that they push to a repository.
 */
async function admitToMount(
  { identity, registry, entrance, prefix, name }: Approach,
  requirement: Requirement,
  caller: Caller,
): Promise<Caller> {
  const { mountFrom = "" } = entrance;
  const source = mountFrom.slice(prefix.length);
  if (caller.by !== "token" || !mountFrom.startsWith(prefix)) return caller;
  if (allows(caller.grants, source, "pull")) return caller;
  if (!allows(await identity.grantsOf(caller, registry), source, "pull")) return caller;
  const message = `pull on repository ${mountFrom} is needed to mount from it, and the token was not asked for that`;
  throw challenge(entrance, requirement, prefix + name, message, "insufficient_scope");
}

function refuse(approach: Approach, requirement: Requirement, caller: Caller): RegistryError {
  const { entrance, prefix } = approach;
  const name = prefix + approach.name;
  if (caller.by === "nothing")
    return challenge(entrance, requirement, name, "authentication required", undefined);
  const message = whatIsMissing(requirement, name, caller, approach.name);
  if (caller.by === "password") return denial(requirement, name, message);
  return challenge(entrance, requirement, name, message, "insufficient_scope");
}

/** Says what would be needed, and what there is, so that whoever reads it knows what to ask for. */
function whatIsMissing(
  requirement: Requirement,
  name: string,
  { grants, by, principal }: Caller,
  repository: string,
): string {
  const known = by === "token" ? "the token" : "the user";
  // Clients that were given no password ask for a token all the same, and whoever runs them knows of none.
  const holder = principal.kind === "anonymous" ? "whoever does not log in" : known;
  if (requirement.kind === "registry")
    return `${requirement.resource} of the registry is not granted to ${holder}`;
  if (requirement.kind !== "repository") return "this is for the administrator";
  const { anyOf } = requirement;
  const granted = new Set(
    grants.flatMap(({ actions }, index) =>
      actions.filter((action) => allows(grants.slice(index, index + 1), repository, action)),
    ),
  );
  const has = granted.size === 0 ? "nothing there" : `${[...granted].join(", ")} there`;
  return `${anyOf.join(" or ")} on repository ${name} is needed, and ${holder} is granted ${has}`;
}

function explain(
  { entrance, prefix, name, authorization }: Approach,
  requirement: Requirement,
  error: unknown,
): unknown {
  if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED") return error;
  const byToken = authorization?.slice(0, 7).toLowerCase() === "bearer ";
  const refusal: Refusal = byToken ? "invalid_token" : undefined;
  return challenge(entrance, requirement, prefix + name, error.message, refusal);
}
