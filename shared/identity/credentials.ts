import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/** A user name and what proves it. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What an Authorization header carries. */
export type Authorization =
  | { readonly scheme: "basic"; readonly credentials: Credentials }
  | { readonly scheme: "bearer"; readonly token: string };

/** The user of whom the password alone says who he is: a token. `az acr login` logs docker in by it. */
export const tokenUser = "00000000-0000-0000-0000-000000000000";

const grammar = /^(basic|bearer) +([\w.~+/=-]+)$/i;

/**
 * @throws RegistryError UNAUTHORIZED for any other scheme, and for what cannot be read
 * @see https://www.rfc-editor.org/rfc/rfc7617
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function parseAuthorization(header: string): Authorization {
  if (header.length > limits.authorizationCharsMax) {
    const message = `an Authorization header has at most ${limits.authorizationCharsMax} characters`;
    throw new RegistryError("UNAUTHORIZED", { message });
  }
  const [, scheme = "", value = ""] = grammar.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { scheme: "bearer", token: value };
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (scheme === "" || colon < 0) {
    throw new RegistryError("UNAUTHORIZED", {
      message: "the Authorization header is neither Basic nor Bearer",
    });
  }
  return {
    scheme: "basic",
    credentials: { username: text.slice(0, colon), password: text.slice(colon + 1) },
  };
}

/** The inverse for a password. */
export function formatBasic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/**
 * The header that presents the same as a password, for an API whose clients put into `Bearer` whatever says who they are.
 * @throws RegistryError UNAUTHORIZED for what cannot be read
 */
export function asPassword(header: string | null): string | null {
  if (header === null || header === "") return header;
  const authorization = parseAuthorization(header);
  if (authorization.scheme === "basic") return header;
  return formatBasic({ username: tokenUser, password: authorization.token });
}
