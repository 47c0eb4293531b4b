import { expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { formatBasic, parseAuthorization } from "../../../shared/identity/credentials.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

test("a password may have colons, and both may have any characters", () => {
  for (const credentials of [
    { username: "builder", password: "a:b:c" },
    { username: "", password: "" },
    { username: "Jürgen", password: "пароль 密码" },
  ]) {
    expect(parseAuthorization(formatBasic(credentials))).toEqual({ scheme: "basic", credentials });
  }
});

test("a scheme is the same in any case", () => {
  expect(parseAuthorization(`bASIC  ${encoded("a:b")}`)).toMatchObject({ scheme: "basic" });
  expect(parseAuthorization("BEARER a.b.c")).toEqual({ scheme: "bearer", token: "a.b.c" });
});

test("what is neither is refused", () => {
  for (const header of [
    "Basic",
    "Basic ",
    `Basic ${encoded("nobody")}`,
    "Digest a",
    "Bearer a b",
    "Basic ä",
    " ",
  ])
    expect(() => parseAuthorization(header), header).toThrow("neither Basic nor Bearer");
});

test("a header that is too long is refused", () => {
  const fitting = `Bearer ${"a".repeat(limits.authorizationCharsMax - "Bearer ".length)}`;
  expect(parseAuthorization(fitting)).toMatchObject({ scheme: "bearer" });
  expect(() => parseAuthorization(`${fitting}a`)).toThrow(
    `at most ${limits.authorizationCharsMax} characters`,
  );
});
