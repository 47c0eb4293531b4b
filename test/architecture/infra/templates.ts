import { projectFiles, readProjectFile } from "../project-files.ts";

/** A resource as a template has it: what is between its outermost braces, nested resources included. */
export interface TemplateResource {
  readonly file: string;
  /** Without the version. */
  readonly type: string;
  readonly text: string;
}

export const templates = projectFiles("infra").filter((path) => path.endsWith(".bicep"));

/** Those that a template makes, not those that are there already. */
export function resourcesOf(type: string): readonly TemplateResource[] {
  return resources.filter((resource) => resource.type === type);
}

export const resources: readonly TemplateResource[] = templates.flatMap((file) => {
  const text = readProjectFile(file);
  const heads = /^resource \w+ '([^@']+)@[^']+' = (?!existing)/gm;
  return [...text.matchAll(heads)].map((head) => ({
    file,
    type: head[1] ?? "",
    text: blockAt(text, text.indexOf("{\n", head.index + head[0].length - 1)),
  }));
});

/** What is in the braces that open at the position. No text in the templates holds a lone brace. */
function blockAt(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(start, at + 1);
  }
  throw new Error("a brace is not closed");
}

/** The names on the outermost level of the object that follows these words. */
export function namesAfter(file: string, words: string): readonly string[] {
  const text = readProjectFile(file);
  const found = text.indexOf(words);
  if (found < 0) throw new Error(`${file} has no ${words}`);
  const block = blockAt(text, text.indexOf("{", found + words.length - 1));
  const indents = [...block.matchAll(/^( +)\w+:/gm)].map(([, indent = ""]) => indent.length);
  const outermost = " ".repeat(Math.min(...indents));
  return [...block.matchAll(new RegExp(`^${outermost}(\\w+):`, "gm"))].map(([, name = ""]) => name);
}
