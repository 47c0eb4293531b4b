import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { malformed } from "../json.ts";
import type { RequestBody } from "../request-body.ts";

/** Fields that may come several times; of any other it would be unclear which one counts. */
const repeatable: ReadonlySet<string> = new Set(["scope"]);

/**
 * The fields of a form.
 * @throws RegistryError SIZE_INVALID with status 413, UNSUPPORTED with status 400 or 415
 */
export async function readForm(body: RequestBody, contentType: string | null): Promise<URLSearchParams> {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new RegistryError("UNSUPPORTED", {
      status: 415,
      message: "the body is a form: application/x-www-form-urlencoded",
    });
  }
  const bytes = await body.bytes(limits.formBytesMax);
  return demandSingle(new URLSearchParams(new TextDecoder().decode(bytes)));
}

/** @throws RegistryError UNSUPPORTED with status 400 when a field that may come once comes twice */
export function demandSingle(fields: URLSearchParams): URLSearchParams {
  const seen = new Set<string>();
  for (const name of fields.keys()) {
    if (seen.has(name) && !repeatable.has(name)) throw malformed(`${name.slice(0, 40)} is given twice`);
    seen.add(name);
  }
  return fields;
}
