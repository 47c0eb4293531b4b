import type { Binding, FunctionCallback, FunctionMetadata, RegisteredFunction } from "./core.ts";
import { compileTemplate, type PathMatcher } from "./route-template.ts";

export interface RoutedFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

interface Entry extends RoutedFunction {
  readonly methods: ReadonlySet<string>;
  readonly matches: PathMatcher;
}

/** Finds the function that a request is for, in the order and by the rules of the Functions runtime. */
export class Router {
  readonly #entries: readonly Entry[];

  /**
   * @param routePrefix that of host.json
   * @throws Error when two functions have one template and a method in common, as the runtime does
   */
  constructor(functions: readonly RegisteredFunction[], routePrefix: string) {
    const entries = functions.flatMap((registered) => entryOf(registered, routePrefix));
    // The runtime tries functions in the order of their names, whatever their case; a special route does not go first.
    this.#entries = entries.sort((a, b) => compareOrdinal(a.metadata.name, b.metadata.name));
    refuseConflicts(functions);
  }

  /**
   * @param path decoded, without its first slash
   * @returns undefined when no function has such a route with that method: the runtime answers 404, never 405
   */
  find(method: string, path: string): RoutedFunction | undefined {
    for (const entry of this.#entries) if (entry.methods.has(method) && entry.matches(path)) return entry;
    return undefined;
  }
}

function entryOf({ metadata, callback }: RegisteredFunction, routePrefix: string): Entry[] {
  const trigger = httpTrigger(metadata);
  if (trigger === undefined) return [];
  const route = trigger.route ?? metadata.name;
  const template = routePrefix === "" ? route : `${routePrefix}/${route}`;
  return [
    {
      metadata,
      callback,
      methods: new Set(methodsOf(trigger)),
      matches: compileTemplate(template),
    },
  ];
}

function httpTrigger(metadata: FunctionMetadata) {
  return Object.values(metadata.bindings).find((binding) => binding.type.toLowerCase() === "httptrigger");
}

/** Without methods the runtime takes these two. */
function methodsOf({ methods = ["GET", "POST"] }: Binding): readonly string[] {
  return methods.map((method) => method.toUpperCase());
}

function compareOrdinal(a: string, b: string): number {
  const [upperA, upperB] = [a.toUpperCase(), b.toUpperCase()];
  return upperA < upperB ? -1 : upperA > upperB ? 1 : 0;
}

function refuseConflicts(functions: readonly RegisteredFunction[]): void {
  const taken = new Map<string, string>();
  for (const { metadata } of functions) {
    const trigger = httpTrigger(metadata);
    if (trigger === undefined) continue;
    for (const method of methodsOf(trigger)) {
      const key = `${method} ${(trigger.route ?? metadata.name).toLowerCase()}`;
      const other = taken.get(key);
      if (other !== undefined) throw new Error(`${other} and ${metadata.name} have the same route, ${key}`);
      taken.set(key, metadata.name);
    }
  }
}
