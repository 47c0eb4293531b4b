import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Reply } from "./exchange.ts";
import type { RequestBody } from "./request-body.ts";

/** A reply of JSON, which for HEAD is its headers. */
export function jsonReply(
  method: string,
  value: unknown,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): Reply {
  const text = JSON.stringify(value);
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...more,
  };
  return method === "HEAD" ? { status, headers } : { status, headers, body: text };
}

/** A reply without a body. */
export function emptyReply(status: number): Reply {
  return { status, headers: { "content-length": "0" } };
}

/**
 * The body, which is a JSON object.
 * @throws RegistryError SIZE_INVALID, or UNSUPPORTED with status 400
 */
export async function readJsonObject(body: RequestBody): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await body.bytes(limits.jsonBodyBytesMax);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw malformed("the body is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("the body is a JSON object");
  return value as Record<string, unknown>;
}

/** A request that says something that has no meaning here. */
export function malformed(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", { status: 400, message });
}
