/** What a setting's JSON spells. @throws Error with one line that names the variable */
export function parseJsonSetting(text: string, variable: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${variable} is not JSON`);
  }
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
