import { asRepositoryName } from "../name.ts";
import { everyRepository, type NamePattern } from "./actions.ts";

/** The pattern that `text` spells, or undefined: its only star is the last character, alone or behind a slash. */
export function asNamePattern(text: string): NamePattern | undefined {
  if (text === everyRepository) return everyRepository;
  const name = text.endsWith("/*") ? text.slice(0, -2) : text;
  return asRepositoryName(name) === undefined ? undefined : (text as NamePattern);
}
