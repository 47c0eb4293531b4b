import fc from "fast-check";
import type { Digest } from "../../shared/domain/digest.ts";
import type { RegistryName, RepositoryName, Tag } from "../../shared/domain/name.ts";

const hexDigit = fc.constantFrom(..."0123456789abcdef");

const hex = (digits: number) => fc.string({ unit: hexDigit, minLength: digits, maxLength: digits });

export const digests = fc.oneof(
  hex(64).map((digits) => `sha256:${digits}` as Digest),
  hex(128).map((digits) => `sha512:${digits}` as Digest),
);

/** Names by the very expression of the distribution spec. */
export const repositoryNames = fc
  .stringMatching(
    /^[a-z0-9]{1,9}((\.|_|__|-{1,3})[a-z0-9]{1,9}){0,3}(\/[a-z0-9]{1,9}((\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}){0,3}$/,
  )
  .map((name) => name as RepositoryName);

export const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/).map((tag) => tag as Tag);

export const registryNames = fc.stringMatching(/^[a-z0-9]{5,50}$/).map((name) => name as RegistryName);

/** 26 characters of Crockford's base 32. */
export const ulids = fc.string({
  unit: fc.constantFrom(..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
  minLength: 26,
  maxLength: 26,
});

/** Characters that have slipped past one parser or another. */
export const troublemakers = [
  "",
  " ",
  "\0",
  "\n",
  "\r\n",
  "\t",
  "\u00a0",
  "\u2028",
  "\ufeff",
  "\ud800",
  "ſ",
  "é",
  "٣",
  "漢",
  "🐳",
  "/",
  "\\",
  "%2F",
  "%252F",
  "%0A",
  "%00",
  "?",
  "#",
  "~",
  ":",
  "@",
  "..",
  "__proto__",
  "constructor",
] as const;
