import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { readProjectFile } from "../project-files.ts";
import type { Lambda } from "./bicep-scope.ts";

type Record_ = Readonly<Record<string, unknown>>;

/** What the functions of Bicep know of where they are called. */
export interface Place {
  readonly file: string;
  /** The resource id of the group or the subscription. */
  readonly scopeId: string;
  readonly text: (value: unknown) => string;
}

export const subscriptionId = "00000000-1111-2222-3333-444444444444";
const subscriptionScope = `/subscriptions/${subscriptionId}`;
const tenantId = "99999999-8888-7777-6666-555555555555";

/** 13 letters and digits, the same for the same values. */
function uniqueString(values: readonly string[]): string {
  const number = BigInt(`0x${createHash("sha256").update(values.join("|")).digest("hex")}`);
  return number.toString(36).slice(0, 13);
}

/** `Microsoft.A/b/c` and `x/y` -> `<scope>/providers/Microsoft.A/b/x/c/y` */
export function resourceIdOf(scopeId: string, type: string, name: string): string {
  const [provider = "", ...types] = type.split("/");
  const names = name.split("/");
  return [`${scopeId}/providers/${provider}`, ...types.map((kind, at) => `${kind}/${names[at]}`)].join("/");
}

function isObject(value: unknown): value is Record_ {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function union(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right))
    return [...new Set([...(left as unknown[]), ...(right as unknown[])])];
  if (!isObject(left) || !isObject(right)) return right;
  const merged: Record<string, unknown> = { ...left };
  for (const [name, value] of Object.entries(right))
    merged[name] = name in left ? union(left[name], value) : value;
  return merged;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "string" || Array.isArray(value)) return value.length === 0;
  return value === null || value === undefined || (isObject(value) && Object.keys(value).length === 0);
}

const lambda = (value: unknown) => value as Lambda;
const list = (value: unknown) => value as readonly unknown[];

/**
 * The functions that the templates call.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
 */
export const functions: Readonly<Record<string, (given: readonly unknown[], place: Place) => unknown>> = {
  cidrSubnet: ([range, bits, index], { text }) => `${text(range)} /${text(bits)} ${text(index)}`,
  concat: (given, { text }) => (Array.isArray(given[0]) ? given.flatMap(list) : given.map(text).join("")),
  contains: ([all, one]) => (isObject(all) ? String(one) in all : (all as string).includes(one as string)),
  empty: ([value]) => isEmpty(value),
  environment: () => ({ suffixes: { storage: "core.windows.net" } }),
  filter: ([all, keep]) => list(all).filter((item) => lambda(keep)(item) === true),
  flatten: ([all]) => list(all).flatMap(list),
  guid: (given, { text }) => uniqueString(given.map(text)),
  indexOf: ([all, one]) => list(all).indexOf(one),
  items: ([all]) => Object.entries(all as Record_).map(([key, value]) => ({ key, value })),
  join: ([all, between], { text }) => list(all).map(text).join(text(between)),
  json: ([value], { text }) => JSON.parse(text(value)) as unknown,
  length: ([value]) => (value as string | readonly unknown[]).length,
  loadJsonContent: ([path], { file, text }) =>
    JSON.parse(readProjectFile(join(dirname(file), text(path)))) as unknown,
  loadTextContent: ([path], { file, text }) => readProjectFile(join(dirname(file), text(path))),
  map: ([all, change]) => list(all).map((item) => lambda(change)(item)),
  max: (given) => Math.max(...given.map(Number)),
  resourceGroup: (_, { scopeId }) => ({ id: scopeId }),
  resourceId: ([type, ...names], { scopeId, text }) =>
    resourceIdOf(scopeId, text(type), names.map(text).join("/")),
  string: ([value], { text }) => text(value),
  subscription: () => ({ id: subscriptionScope, subscriptionId }),
  subscriptionResourceId: ([type, name], { text }) => resourceIdOf(subscriptionScope, text(type), text(name)),
  take: ([all, count]) => (all as string | readonly unknown[]).slice(0, Number(count)),
  tenant: () => ({ tenantId }),
  toLower: ([value], { text }) => text(value).toLowerCase(),
  toObject: ([all, key, value], { text }) =>
    Object.fromEntries(list(all).map((item) => [text(lambda(key)(item)), lambda(value)(item)])),
  union: ([first, ...others]) => others.reduce(union, first),
  uniqueString: (given, { text }) => uniqueString(given.map(text)),
  utcNow: () => "2026-11-01",
};
