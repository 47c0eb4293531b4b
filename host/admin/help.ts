import type { Command, Option } from "./command.ts";

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, Option>> = {
  registry: { value: "<name>", help: "which registry; usually the default one" },
  json: { help: "print JSON" },
  help: { help: "print this" },
};

/** How to use a command. */
export function helpOf(words: string, { summary, args = [], options = {} }: Command): string[] {
  const entries = Object.entries({ ...options, ...commonOptions });
  const spelled = entries.map(([name, { value }]) => `--${name}${value === undefined ? "" : ` ${value}`}`);
  const width = Math.max(...spelled.map((text) => text.length));
  const demanded = Object.entries(options)
    .filter(([, { required }]) => required === true)
    .map(([name, { value = "" }]) => `--${name} ${value}`);
  return [
    `usage: npm run admin -- ${[words, ...args, ...demanded].join(" ")} [options]`,
    summary,
    "",
    ...entries.map(([, { help, required }], index) => {
      const text = `  ${(spelled[index] ?? "").padEnd(width)}  ${help}`;
      return required === true ? `${text} (required)` : text;
    }),
  ];
}

/** What there is. */
export function overview(commands: readonly (readonly [words: string, command: Command])[]): string[] {
  const spelled = commands.map(([words, { args = [] }]) => [words, ...args].join(" "));
  const width = Math.max(...spelled.map((text) => text.length));
  return [
    "usage: npm run admin -- <command> [options]",
    "Manages who may do what, in the stores that the settings name, whether the server runs or not.",
    "",
    ...commands.map(([, { summary }], index) => `  ${(spelled[index] ?? "").padEnd(width)}  ${summary}`),
    "",
    "--help behind a command tells its options.",
  ];
}
