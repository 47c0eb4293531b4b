import type { AccessAdmin } from "../../shared/access-admin.ts";
import { type Command, type Output, table, told, UsageError } from "./command.ts";

type ScopeMapReport = Awaited<ReturnType<AccessAdmin["showScopeMap"]>>;

const description = { value: "<text>", help: "what it is for" } as const;
const action = "as in repositories/team/*/content/read; may be told several times";

export const scopeMapCommands: Readonly<Record<string, Command>> = {
  "scope-maps list": {
    summary: "Lists the registry's scope maps, and those that every registry has.",
    run: async (admin) => {
      const maps = await admin.listScopeMaps();
      const rows = maps.map((map) => [
        map.name,
        map.system ? "system" : "own",
        String(map.actions.length),
        map.description ?? "-",
      ]);
      return { lines: table(["scope map", "of", "actions", "description"], rows), json: maps };
    },
  },
  "scope-maps show": {
    summary: "Shows a scope map with its actions.",
    args: ["<name>"],
    run: async (admin, { name }) => shown(await admin.showScopeMap(name)),
  },
  "scope-maps create": {
    summary: "Makes a scope map, a list of actions that tokens and trust rules may do.",
    args: ["<name>"],
    options: {
      action: { value: "<action>", help: `what may be done, ${action}`, multiple: true, required: true },
      description,
    },
    run: async (admin, given) => {
      const asked = { name: given.name, actions: given.texts("action") ?? [] };
      const options = told({ description: given.text("description") });
      return shown(await admin.createScopeMap({ ...asked, ...options }));
    },
  },
  "scope-maps update": {
    summary: "Changes a scope map, and with it what all may do that have it.",
    args: ["<name>"],
    options: {
      action: { value: "<action>", help: "all that may be done from now on", multiple: true },
      add: { value: "<action>", help: `what may be done as well, ${action}`, multiple: true },
      remove: { value: "<action>", help: "what may not be done any more", multiple: true },
      description,
    },
    run: async (admin, given) => {
      const changes = told({
        description: given.text("description"),
        actions: given.texts("action"),
        add: given.texts("add"),
        remove: given.texts("remove"),
      });
      if (Object.keys(changes).length === 0) {
        throw new UsageError("say what to change: --add, --remove, --action or --description");
      }
      return shown(await admin.updateScopeMap(given.name, changes));
    },
  },
  "scope-maps delete": {
    summary: "Deletes a scope map that nobody uses.",
    args: ["<name>"],
    run: async (admin, { name }) => {
      await admin.deleteScopeMap(name);
      return { lines: [`the scope map ${name} is deleted`], json: { deleted: name } };
    },
  },
};

function shown(map: ScopeMapReport): Output {
  const lines = [
    `scope map    ${map.name}${map.system ? " (of the system)" : ""}`,
    ...(map.description === undefined ? [] : [`description  ${map.description}`]),
    ...map.actions.map((one, index) => (index === 0 ? "actions" : "").padEnd(13) + one),
  ];
  return { lines, json: map };
}
