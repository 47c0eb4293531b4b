import type { PasswordName } from "../../../identity/documents.ts";
import { isAccessName } from "../../../identity/log-in.ts";
import { malformed } from "../../json.ts";
import type { ManagementExchange } from "../exchange.ts";
import { resourceId } from "../resource.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a resource is shown with, and may be sent back with: nobody chooses it. */
const shown: ReadonlySet<string> = new Set(["id", "name", "type", "systemData"]);

/** The `properties` of a body that has nothing else to say. @throws RegistryError of status 400 */
export function propertiesOf(body: Json): Json {
  for (const field of Object.keys(body)) {
    if (field !== "properties" && !shown.has(field))
      throw malformed("the body has properties, and nothing else");
  }
  return objectOf(body["properties"], "properties");
}

/** @throws RegistryError of status 400 */
export function objectOf(value: unknown, field: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`${field} is an object`);
}

/** @throws RegistryError of status 400 */
export function textOf(value: unknown, field: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw malformed(`${field} is a text`);
}

/** Refuses what a resource does not have. @throws RegistryError of status 400 */
export function refuseOthers(others: Json, ignored: readonly string[]): void {
  const other = Object.keys(others).find((field) => !ignored.includes(field));
  if (other !== undefined) throw malformed(`properties has no ${other.slice(0, 100)} here`);
}

/** The name of what an id means: something below this registry. @throws RegistryError of status 400 */
export function nameInId(
  { hosts, registry }: ManagementExchange,
  list: "scopeMaps" | "tokens",
  value: unknown,
  field: string,
): string {
  const prefix = `${resourceId(hosts.scope, registry, list)}/`;
  const id = textOf(value, field) ?? "";
  const name = id.slice(prefix.length);
  if (!id.toLowerCase().startsWith(prefix.toLowerCase()) || !isAccessName(name))
    throw malformed(`${field} is the id of one of this registry's ${list}: ${prefix}<name>`);
  return name;
}

/** @throws RegistryError of status 400 */
export function passwordNameOf(value: unknown, field: string): PasswordName {
  if (value === "password1" || value === "password2") return value;
  throw malformed(`${field} is password1 or password2`);
}

/** ms since 1970; undefined: none is told. @throws RegistryError of status 400 */
export function timeOf(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const millis =
    typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
  if (Number.isNaN(millis)) throw malformed(`${field} is a time such as 2027-01-31T00:00:00Z`);
  return millis;
}
