import { projectFiles, readProjectFile } from "../project-files.ts";

/** A resource as a template has it: what is between its outermost braces, nested resources included. */
export interface TemplateResource {
  readonly file: string;
  /** Without the version. */
  readonly type: string;
  readonly text: string;
}

export const templates = projectFiles("infra").filter((path) => path.endsWith(".bicep"));

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
