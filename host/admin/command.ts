import type { AccessAdmin } from "../../shared/access-admin.ts";

/** One thing that `npm run admin --` does. */
export interface Command {
  /** What it does, in one sentence. */
  readonly summary: string;
  /** What follows its words, as in `<name>`. */
  readonly args?: readonly string[];
  readonly options?: Readonly<Record<string, Option>>;
  run(admin: AccessAdmin, given: Given): Promise<Output>;
}

export interface Option {
  /** What its value is, as in `<time>`; absent: it has none. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: true;
  readonly required?: true;
}

/** What is printed: lines for people, or JSON. */
export interface Output {
  readonly lines: readonly string[];
  readonly json: unknown;
}

/** A command line that means nothing. */
export class UsageError extends Error {}

/** What a command was given. */
export class Given {
  readonly args: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.args = args;
    this.#options = options;
  }

  /** The first of what follows its words. */
  get name(): string {
    return this.args[0] ?? "";
  }

  has(option: string): boolean {
    return this.#options[option] === true;
  }

  text(option: string): string | undefined {
    const value = this.#options[option];
    return typeof value === "string" ? value : undefined;
  }

  texts(option: string): readonly string[] | undefined {
    const value = this.#options[option];
    return Array.isArray(value) ? (value as string[]) : undefined;
  }

  /** @throws UsageError when it is none of the choices */
  choice<T extends string>(option: string, choices: readonly T[]): T | undefined {
    const value = this.text(option);
    return value === undefined ? undefined : oneOf(`--${option}`, value, choices);
  }

  /** A time in ms since 1970, told as a time, or as from now. @throws UsageError */
  time(option: string): number | undefined {
    const value = this.text(option);
    if (value === undefined) return undefined;
    const [, count, unit = ""] = /^(\d{1,6})([hd])$/.exec(value) ?? [];
    const hours = Number(count) * (unit === "d" ? 24 : 1);
    const time = count === undefined ? Date.parse(value) : Date.now() + hours * 3_600_000;
    if (Number.isNaN(time) || (count === undefined && !/^\d{4}-\d\d-\d\d/.test(value))) {
      throw new UsageError(`--${option} is a time such as 2027-01-31, 2027-01-31T12:00:00Z, 90d or 12h`);
    }
    return time;
  }
}

/** @throws UsageError */
export function oneOf<T extends string>(what: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value);
  if (choice === undefined) throw new UsageError(`${what} is one of ${choices.join(", ")}, not ${value}`);
  return choice;
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Only what was told. */
export function told<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Columns below their headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
