import { limits } from "../../domain/limits.ts";
import type { RegistryName } from "../../domain/name.ts";
import { tokenUser } from "../credentials.ts";
import { administratorName, isAccessName } from "../log-in.ts";
import { invalid } from "./refusals.ts";

/** User names that mean somebody else: a token is nobody's namesake. The last two are what logs call those without a name. */
const othersNames: readonly string[] = [administratorName, tokenUser, "admin-user", "anonymous"];

/**
 * The rule of Azure Container Registry, but that names begin with a letter or a digit: those of system scope maps do not.
 * @param what as in `a scope map`
 * @throws RegistryError of status 400 when it is no name
 */
export function checkAccessName(what: string, name: string): void {
  const { accessNameCharsMin: min, accessNameCharsMax: max } = limits;
  if (!isAccessName(name) || !/^[a-z0-9]/i.test(name)) {
    throw invalid(
      `the name of ${what} is ${min} to ${max} letters, digits, - and _, and begins with a letter or a digit; ${JSON.stringify(name.slice(0, 100))} is not`,
    );
  }
}

/** @throws RegistryError of status 400 when it is no name, or means another user */
export function checkTokenName(name: string, registry: RegistryName): void {
  checkAccessName("a token", name);
  if ([registry, ...othersNames].includes(name.toLowerCase())) {
    throw invalid(`no token can be called ${name}: it is the name of another user`);
  }
}

/** @throws RegistryError of status 400 */
export function checkDescription(description: string | undefined): void {
  if (description === undefined) return;
  if (description.length > limits.descriptionCharsMax || /\p{Cc}/u.test(description)) {
    throw invalid(`a description is one line of at most ${limits.descriptionCharsMax} characters`);
  }
}
