import { isRepositoryGlob, isTagGlob } from "../glob.ts";
import type { LifecyclePolicy, LifecycleRule, TagPattern } from "../lifecycle.ts";
import { limits } from "../limits.ts";

/** What is wrong with one field, such as `rules[2].tags[0]`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export type ParsedPolicy =
  | { readonly policy: LifecyclePolicy }
  /** At least one. */
  | { readonly errors: readonly FieldError[] };

type Json = Readonly<Record<string, unknown>>;

const ruleFields = [
  "name",
  "action",
  "repositories",
  "tags",
  "untagged",
  "newest",
  "olderThanDays",
  "by",
] as const;

/**
 * The policy that a JSON value spells. A field that is not known is an error: who misspells a condition must not get a rule without
 * it. Absent lists are empty, and `by` is usually `push`.
 */
export function parseLifecyclePolicy(value: unknown): ParsedPolicy {
  const errors = new Errors();
  const json = errors.object(value, "", ["rules", "immutableTags"]);
  const rules = errors
    .list(json["rules"] ?? [], "rules", 0, limits.lifecycleRulesMax)
    .map((rule, index) => parseRule(errors, rule, `rules[${index}]`));
  const immutableTags = errors
    .list(json["immutableTags"] ?? [], "immutableTags", 0, limits.lifecycleRulesMax)
    .map((pattern, index) => parsePattern(errors, pattern, `immutableTags[${index}]`));
  const names = new Set<string>();
  rules.forEach(({ name }, index) => {
    if (names.has(name)) errors.add(`rules[${index}].name`, "is the name of another rule too");
    names.add(name);
  });
  return errors.found.length > 0 ? { errors: errors.found } : { policy: { rules, immutableTags } };
}

function parseRule(errors: Errors, value: unknown, at: string): LifecycleRule {
  const json = errors.object(value, at, ruleFields);
  const rule: LifecycleRule = {
    name: parseName(errors, json["name"], `${at}.name`),
    action: errors.oneOf(json["action"], `${at}.action`, ["keep", "delete"]),
    repositories: parseGlobs(errors, json["repositories"], `${at}.repositories`, isRepositoryGlob),
    ...(json["tags"] === undefined
      ? {}
      : { tags: parseGlobs(errors, json["tags"], `${at}.tags`, isTagGlob) }),
    ...(json["untagged"] === undefined ? {} : { untagged: errors.flag(json["untagged"], `${at}.untagged`) }),
    ...(json["newest"] === undefined
      ? {}
      : { newest: errors.whole(json["newest"], `${at}.newest`, 1, limits.lifecycleNewestMax) }),
    ...(json["olderThanDays"] === undefined
      ? {}
      : {
          olderThanDays: errors.whole(
            json["olderThanDays"],
            `${at}.olderThanDays`,
            0,
            limits.lifecycleDaysMax,
          ),
        }),
    by: errors.oneOf(json["by"] ?? "push", `${at}.by`, ["push", "pull"]),
  };
  // With an action that is none, the rest cannot be judged.
  if (json["action"] === rule.action) checkTogether(errors, rule, at);
  return rule;
}

/** Fields that mean nothing beside each other, or nothing alone. */
function checkTogether(errors: Errors, rule: LifecycleRule, at: string): void {
  if (rule.untagged === true && rule.tags !== undefined) {
    errors.add(`${at}.tags`, "goes not with untagged: what has no tag matches none");
  }
  if (rule.action === "keep" && rule.olderThanDays !== undefined) {
    errors.add(`${at}.olderThanDays`, "is for rules that delete");
  }
  if (rule.action === "delete" && rule.newest !== undefined) {
    errors.add(`${at}.newest`, "is for rules that keep: what is not kept has to be deleted by another rule");
  }
  if (rule.action === "delete" && rule.olderThanDays === undefined) {
    errors.add(`${at}.olderThanDays`, "is what a rule that deletes has to have; 0 deletes whatever its age");
  }
}

function parsePattern(errors: Errors, value: unknown, at: string): TagPattern {
  const json = errors.object(value, at, ["repositories", "tags"]);
  return {
    repositories: parseGlobs(errors, json["repositories"], `${at}.repositories`, isRepositoryGlob),
    tags: parseGlobs(errors, json["tags"], `${at}.tags`, isTagGlob),
  };
}

function parseName(errors: Errors, value: unknown, at: string): string {
  const grammar = /^[a-zA-Z0-9][a-zA-Z0-9 ._-]*$/;
  const fits = typeof value === "string" && value.length <= limits.ruleNameCharsMax && grammar.test(value);
  if (fits) return value;
  errors.add(
    at,
    `is up to ${limits.ruleNameCharsMax} letters, digits, spaces and . _ -, a letter or digit first`,
  );
  return at;
}

function parseGlobs(errors: Errors, value: unknown, at: string, isGlob: (text: string) => boolean): string[] {
  const globs: string[] = [];
  errors.list(value, at, 1, limits.globsPerListMax).forEach((glob, index) => {
    const field = `${at}[${index}]`;
    if (typeof glob !== "string" || glob.length > limits.globCharsMax) {
      errors.add(field, `is a glob of up to ${limits.globCharsMax} characters`);
    } else if (isGlob(glob)) globs.push(glob);
    else errors.add(field, "can match nothing: it has characters that are neither wildcards nor legal there");
  });
  return globs;
}

/** Collects what is wrong. What it returns in such a case is never used. */
class Errors {
  readonly found: FieldError[] = [];

  add(field: string, message: string): void {
    this.found.push({ field, message });
  }

  object(value: unknown, at: string, fields: readonly string[]): Json {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.add(at, "is an object");
      return {};
    }
    for (const key of Object.keys(value)) {
      if (fields.includes(key)) continue;
      const shown = key.slice(0, limits.ruleNameCharsMax);
      this.add(
        at === "" ? shown : `${at}.${shown}`,
        `is no field that is known; there are ${fields.join(", ")}`,
      );
      break;
    }
    return value as Json;
  }

  list(value: unknown, at: string, min: number, max: number): readonly unknown[] {
    if (Array.isArray(value) && value.length >= min && value.length <= max) return value;
    this.add(at, `is a list of ${min} to ${max}`);
    return [];
  }

  whole(value: unknown, at: string, min: number, max: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    this.add(at, `is a whole number from ${min} to ${max}`);
    return min;
  }

  flag(value: unknown, at: string): boolean {
    if (typeof value === "boolean") return value;
    this.add(at, "is true or false");
    return false;
  }

  oneOf<T extends string>(value: unknown, at: string, known: readonly [T, ...T[]]): T {
    const found = known.find((one) => one === value);
    if (found === undefined) this.add(at, `is one of ${known.join(", ")}`);
    return found ?? known[0];
  }
}
