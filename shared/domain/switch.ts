/**
 * A setting that is on or off.
 * @param usual what it is when nothing is said
 * @throws Error of one line that names the variable
 */
export function readSwitch(text: string | undefined, variable: string, usual = false): boolean {
  if (text === undefined || text === "") return usual;
  if (text === "true" || text === "false") return text === "true";
  throw new Error(`${variable} is true or false`);
}
