import { describe, expect, test } from "vitest";
import { errorTable, RegistryError, type RegistryErrorCode } from "../../../shared/domain/errors.ts";

const ociCodes = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",
];

describe("the error table", () => {
  test("begins with the fourteen codes of the distribution spec", () => {
    expect(Object.keys(errorTable).slice(0, ociCodes.length)).toEqual(ociCodes);
  });

  test("has codes of the form that the spec wants, error statuses, and a message each", () => {
    for (const [code, { status, message }] of Object.entries(errorTable)) {
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(message).not.toBe("");
    }
  });
});

describe("an error", () => {
  test("says what the table says", () => {
    for (const code of Object.keys(errorTable) as RegistryErrorCode[]) {
      const error = new RegistryError(code);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name: "RegistryError", code, ...errorTable[code], headers: {} });
      expect(error.detail).toBeUndefined();
    }
  });

  test("can say what exactly was wrong, with another status, facts and headers", () => {
    const options = { message: "m", status: 416, detail: { offset: 5 }, headers: { Range: "0-4" } };
    expect(new RegistryError("BLOB_UPLOAD_INVALID", options)).toMatchObject({
      code: "BLOB_UPLOAD_INVALID",
      ...options,
    });
  });
});
