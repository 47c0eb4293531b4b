import { readFileSync } from "node:fs";

const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench";
const provider = "providers/Microsoft.ContainerRegistry/registries";
const version = "api-version=2025-11-01";

/** What a registry is made of. */
export const premium = { location: "local", sku: { name: "Premium" } };

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** The password that the registry shows once, at its first start. */
export function administratorOf(logFile: string): string {
  const password = /(portolan_\S+)/.exec(readFileSync(logFile, "utf8"))?.[1];
  if (password === undefined) throw new Error("the registry has made no administrator");
  return password;
}

/**
 * Asks the management API of a registry, or of a page of the group's list.
 * @param name of the registry; empty for the list
 * @param parameters of the list
 */
export async function manage(
  port: number,
  authorization: string,
  method: string,
  name: string,
  body?: object,
  parameters = "",
): Promise<string> {
  const path = `${group}/${provider}${name === "" ? "" : `/${name}`}?${version}${parameters}`;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${name}: ${answer.status} ${text}`);
  return text;
}
