export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * One effect on some object, at some moment between its start and its end. A request that was answered has a required one;
 * one whose answer was lost may have had its effect or not.
 */
export interface Effect<S> {
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly required: boolean;
  /** Whether it only tells what was seen, and never changes anything. */
  readonly look?: boolean;
  /** The state after it, or undefined when it cannot happen in this one. */
  readonly apply: (state: S) => S | undefined;
}

/**
 * Whether the effects have an order that explains every answer, each at one moment between its start and its end: the
 * search of Wing and Gong, with the states that were tried remembered.
 * @param keyOf spells a state, the same for equal ones
 */
function isLinearizable<S>(effects: readonly Effect<S>[], initial: S, keyOf: (state: S) => string): boolean {
  const tried = new Set<string>();
  const search = (left: ReadonlySet<Effect<S>>, state: S): boolean => {
    const key = `${effects.map((effect) => (left.has(effect) ? 1 : 0)).join("")} ${keyOf(state)}`;
    if (tried.has(key)) return false;
    tried.add(key);
    const required = [...left].filter((effect) => effect.required);
    if (required.length === 0) return true;
    // Whatever must still happen and ends first bounds what may happen next.
    const firstEnd = Math.min(...required.map((effect) => effect.end));
    const look = required.find((effect) => effect.start <= firstEnd && isNext(effect, left, state));
    if (look !== undefined) return search(after(left, look), state);
    for (const effect of left) {
      if (effect.start > firstEnd) continue;
      const next = effect.apply(state);
      if (next !== undefined && search(after(left, effect), next)) return true;
    }
    return false;
  };
  return search(new Set(effects), initial);
}

/** Whether it is a look that is explained now, and keeps nothing else from happening: then it may as well be next. */
function isNext<S>(effect: Effect<S>, left: ReadonlySet<Effect<S>>, state: S): boolean {
  if (effect.look !== true || effect.apply(state) === undefined) return false;
  return [...left].every((other) => other.required || other.end >= effect.start);
}

/** What is left when `taken` has happened: what ended before it and was not required has not happened. */
function after<S>(left: ReadonlySet<Effect<S>>, taken: Effect<S>): Set<Effect<S>> {
  return new Set(
    [...left].filter((effect) => effect !== taken && (effect.required || effect.end >= taken.start)),
  );
}

/** All effects, by the object that they are on. */
export class Effects<S> {
  readonly #effects = new Map<string, Effect<S>[]>();

  add(object: string, effect: Effect<S>): void {
    const effects = this.#effects.get(object) ?? [];
    this.#effects.set(object, effects);
    effects.push(effect);
  }

  /** The objects whose effects have no order that explains them. @param keyOf spells a state, the same for equal ones */
  unexplained(initialOf: (object: string) => S, keyOf: (state: S) => string): string[] {
    return [...this.#effects].flatMap(([object, effects]) => {
      const initial = initialOf(object);
      if (isLinearizable(effects, initial, keyOf)) return [];
      return [`no order explains ${object}, ${keyOf(initial)}:\n${told(effects)}`];
    });
  }
}

function told<S>(effects: readonly Effect<S>[]): string {
  return [...effects]
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, required, label }) => `  ${start} to ${end}: ${required ? "" : "perhaps "}${label}`)
    .join("\n");
}
