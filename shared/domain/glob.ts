/**
 * Patterns of repository names and tags. `*` is any characters but `/`, `**` any characters, `?` one character but `/`; `**` as a
 * whole part of a path may also be no part at all, so that `app` is among what `**` before `/app` means. All else is itself.
 *
 * The time is at most the product of both lengths, whatever they are. Regular expressions of tenants, or globs made into such, could
 * be made to try for hours.
 */
export type Matcher = (text: string) => boolean;

/** `parts` begins a `**` + `/`, and may be skipped with the `rest` of it, which ends at a slash. */
type Step = { readonly literal: string } | "one" | "star" | "globstar" | "parts" | "rest";

/** Whether a glob of repository names is made of what names are made of, and wildcards. */
export function isRepositoryGlob(glob: string): boolean {
  return /^[a-z0-9._\-/*?]+$/.test(glob);
}

/** Whether a glob of tags is made of what tags are made of, and wildcards. */
export function isTagGlob(glob: string): boolean {
  return /^[a-zA-Z0-9._\-*?]+$/.test(glob);
}

export function compileGlob(glob: string): Matcher {
  if (!glob.includes("**")) return (text) => matchParts(glob, text);
  const steps = stepsOf(glob);
  return (text) => follow(steps, text);
}

/** Whether any of the globs matches. */
export function compileGlobs(globs: readonly string[]): Matcher {
  const matchers = globs.map(compileGlob);
  return (text) => matchers.some((matches) => matches(text));
}

/**
 * Without `**` the parts of both meet one to one. A mismatch then lengthens the latest `*` alone: had an earlier one been longer, the
 * latest could have begun no sooner.
 */
function matchParts(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length; ) {
    if (glob[at] === "*") {
      star = at++;
      resume = index;
    } else if (glob[at] === text[index] || (glob[at] === "?" && text[index] !== "/")) {
      at++;
      index++;
    } else if (star >= 0 && text[resume] !== "/") {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}

/** Follows a glob with all its possibilities at once. */
function follow(steps: readonly Step[], text: string): boolean {
  let here = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  reach(steps, here, 0);
  for (let at = 0; at < text.length; at++) {
    next.fill(0);
    const character = text[at] ?? "";
    for (let index = 0; index < steps.length; index++) {
      if (here[index] === 1) take(steps, next, index, character);
    }
    [here, next] = [next, here];
  }
  return here[steps.length] === 1;
}

function stepsOf(glob: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < glob.length; at++) {
    const begins = at === 0 || glob[at - 1] === "/";
    if (begins && glob.startsWith("**/", at)) {
      steps.push("parts", "rest");
      at += 2;
    } else if (glob.startsWith("**", at)) {
      steps.push("globstar");
      at += 1;
    } else if (glob[at] === "*") steps.push("star");
    else steps.push(glob[at] === "?" ? "one" : { literal: glob[at] ?? "" });
  }
  return steps;
}

/** Where this step may lead when it takes the character. */
function take(steps: readonly Step[], reached: Uint8Array, index: number, character: string): void {
  const step = steps[index];
  const slash = character === "/";
  if (typeof step === "object") {
    if (step.literal === character) reach(steps, reached, index + 1);
  } else if (step === "one") {
    if (!slash) reach(steps, reached, index + 1);
  } else if (step === "star") {
    if (!slash) reach(steps, reached, index);
  } else if (step === "globstar") {
    reach(steps, reached, index);
  } else if (step === "rest") {
    reach(steps, reached, index);
    if (slash) reach(steps, reached, index + 1);
  }
}

/** Marks a step, and those behind it that are reached without a character. */
function reach(steps: readonly Step[], reached: Uint8Array, index: number): void {
  for (let at = index; reached[at] !== 1; at++) {
    reached[at] = 1;
    const step = steps[at];
    if (step === "parts") reach(steps, reached, at + 2);
    else if (step !== "star" && step !== "globstar") return;
  }
}
