/** Tells whoever started a program of this project why it cannot go on: a line for each thing that is wrong. */
export function tellFailure(error: unknown): void {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  process.stderr.write(lines.map((line) => `portolan: ${line}\n`).join(""));
}
