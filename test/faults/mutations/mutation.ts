/** A way in which the code could be wrong, by which it is checked that the schedules would tell. */
export interface Mutation {
  /** Says what is wrong with the code then. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Why no schedule finds it. Absent: one must. */
  readonly survives?: string;
  /** Why schedules hardly ever meet what it would do: whether one finds it is told, and does not count. */
  readonly gap?: string;
}

export interface Edit {
  /** Relative to the project. */
  readonly file: string;
  /** Occurs there exactly once. */
  readonly text: string;
  readonly becomes: string;
}

/** @throws Error when a text that is to be replaced is not there exactly once: the mutation is then to be written anew */
export function mutate(source: string, { file, text, becomes }: Edit): string {
  const parts = source.split(text);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${text}`);
  return parts.join(becomes);
}
