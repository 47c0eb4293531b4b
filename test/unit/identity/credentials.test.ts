import { expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import {
  asPassword,
  formatBasic,
  parseAuthorization,
  tokenUser,
} from "../../../shared/identity/credentials.ts";

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

test("a bearer token is as good as the password of the user of zeros, and a password is itself", () => {
  const password = formatBasic({ username: "a", password: "b" });
  expect(asPassword(password)).toBe(password);
  expect(parseAuthorization(asPassword("Bearer a.b.c") ?? "")).toEqual({
    scheme: "basic",
    credentials: { username: tokenUser, password: "a.b.c" },
  });
  expect(asPassword(null)).toBeNull();
  expect(() => asPassword("Digest a")).toThrow("neither Basic nor Bearer");
});
