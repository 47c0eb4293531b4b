/** Settings that are missing, or are not what they should be. */
export class SettingsError extends Error {
  /** One line each, which names the setting and says what it should be. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "SettingsError";
    this.faults = faults;
  }
}

/** Gathers what is wrong with settings, so that whoever mends them is told of everything at once. */
export class SettingFaults {
  readonly #faults: string[] = [];

  /** What `read` returns; `otherwise` when it throws, to go on with until all have been read. */
  gather<T, U>(read: () => T, otherwise: U): T | U {
    try {
      return read();
    } catch (error) {
      this.note(error instanceof Error ? error.message : String(error));
      return otherwise;
    }
  }

  note(fault: string): void {
    this.#faults.push(fault);
  }

  /** @throws SettingsError when there was any */
  refuse(): void {
    if (this.#faults.length > 0) throw new SettingsError(this.#faults);
  }
}
