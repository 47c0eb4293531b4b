/** ASCII strings in the order of their bytes, which is the order of JavaScript's `<` on them. */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const at = this.#firstNotBelow(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  remove(key: string): void {
    const at = this.#firstNotBelow(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  all(): readonly string[] {
    return this.#keys;
  }

  /** Up to `limit` keys between the ends, both exclusive, from the low end or, descending, from the high one. */
  between(
    after: string | undefined,
    before: string | undefined,
    descending: boolean,
    limit: number,
  ): string[] {
    const from = after === undefined ? 0 : this.#firstAbove(after);
    const to = before === undefined ? this.#keys.length : this.#firstNotBelow(before);
    if (to <= from) return [];
    return descending
      ? this.#keys.slice(Math.max(from, to - limit), to).reverse()
      : this.#keys.slice(from, Math.min(to, from + limit));
  }

  #firstAbove(key: string): number {
    const at = this.#firstNotBelow(key);
    return this.#keys[at] === key ? at + 1 : at;
  }

  #firstNotBelow(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
