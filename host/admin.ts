import { parseArgs } from "node:util";
import { administer } from "../shared/access-admin.ts";
import { type Command, Given, type Option, UsageError } from "./admin/command.ts";
import { commonOptions, helpOf, overview } from "./admin/help.ts";
import { keyCommands } from "./admin/keys.ts";
import { scopeMapCommands } from "./admin/scope-maps.ts";
import { tokenCommands } from "./admin/tokens.ts";
import { trustRuleCommands } from "./admin/trust-rules.ts";
import { userCommands } from "./admin/users.ts";
import { tellFailure } from "./tell-failure.ts";

const commands: readonly (readonly [words: string, command: Command])[] = Object.entries({
  ...tokenCommands,
  ...scopeMapCommands,
  ...trustRuleCommands,
  ...userCommands,
  ...keyCommands,
});

/**
 * `npm run admin -- <command>`: manages who may do what.
 * @throws UsageError for a command line that means nothing, and whatever keeps the command from being carried out
 */
async function main(args: readonly string[]): Promise<void> {
  const found = commands.find(([words]) => words.split(" ").every((word, index) => args[index] === word));
  if (found === undefined) {
    explain(args);
    return;
  }
  const [words, command] = found;
  const { values, positionals } = parse(words, command, args.slice(words.split(" ").length));
  if (values["help"] === true) {
    print(helpOf(words, command));
    return;
  }
  demand(command, values, positionals, words);
  const given = new Given(positionals, values);
  const output = await administer(
    process.env,
    given.text("registry"),
    async (admin) => await command.run(admin, given),
  );
  print(given.has("json") ? [JSON.stringify(output.json, undefined, 2)] : output.lines);
}

/** Of what is no command. @throws UsageError unless help is what was asked for */
function explain(args: readonly string[]): void {
  const [first] = args;
  const group = commands.filter(([words]) => words.split(" ")[0] === first);
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    print(overview(group.length > 0 ? group : commands));
    return;
  }
  if (first === undefined)
    throw new UsageError("say what to do; npm run admin -- --help tells what there is");
  const named = group.map(([words]) => words).join(", ");
  throw new UsageError(
    group.length > 0
      ? `say what to do: ${named}`
      : `there is no command ${first}; npm run admin -- --help tells what there is`,
  );
}

/** @throws UsageError */
function parse(
  words: string,
  { options = {} }: Command,
  args: readonly string[],
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  const described = Object.entries({ ...options, ...commonOptions }).map(([name, option]) => [
    name,
    parsedAs(option),
  ]);
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(described), allowPositionals: true });
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new UsageError(`${reason}; npm run admin -- ${words} --help tells the options`);
  }
}

function parsedAs({ value, multiple }: Option): { type: "string" | "boolean"; multiple: boolean } {
  return { type: value === undefined ? "boolean" : "string", multiple: multiple === true };
}

/** @throws UsageError when something is missing, or there is too much */
function demand(
  { args = [], options = {} }: Command,
  values: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
  words: string,
): void {
  const missing = [
    ...args.slice(positionals.length),
    ...Object.keys(options)
      .filter((name) => options[name]?.required === true && values[name] === undefined)
      .map((name) => `--${name}`),
  ];
  const see = `npm run admin -- ${words} --help tells how`;
  if (missing.length > 0)
    throw new UsageError(`${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing; ${see}`);
  const extra = positionals.slice(args.length);
  if (extra.length > 0) throw new UsageError(`${extra.join(" ")} means nothing here; ${see}`);
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  tellFailure(error);
  process.exit(error instanceof UsageError ? 2 : 1);
});
