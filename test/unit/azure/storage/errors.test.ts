import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { asRegistryError, faultOf, unavailable } from "../../../../shared/azure/storage/errors.ts";

const secret = "sv=2025&sig=c2VjcmV0";

/** As the libraries throw: with the request, and all that is in it. */
function restError(
  statusCode: number | undefined,
  code: string | undefined,
  headers: Record<string, string> = {},
) {
  return Object.assign(new Error(`GET https://a.blob.core.windows.net/c/b?${secret} failed`), {
    name: "RestError",
    statusCode,
    code,
    request: {
      url: `https://a.blob.core.windows.net/c/b?${secret}`,
      headers: { authorization: `Bearer ${secret}` },
    },
    response: { headers: new Headers(headers), bodyAsText: secret },
  });
}

describe("a fault of storage", () => {
  it.each([
    [503, "ServerBusy", "throttled"],
    [429, "TooManyRequests", "throttled"],
    [500, "InternalError", "away"],
    [500, "OperationTimedOut", "away"],
    [503, "AccountBeingCreated", "away"],
    [408, "RequestTimeout", "away"],
    [undefined, "ECONNREFUSED", "away"],
    [400, "Md5Mismatch", "away"],
    [404, "PARSE_ERROR", "away"],
    [404, "BlobNotFound", "refused"],
    [409, "BlobAlreadyExists", "refused"],
    [412, "ConditionNotMet", "refused"],
    [403, "AuthorizationFailure", "refused"],
    [401, "InvalidAuthenticationInfo", "refused"],
  ])("with status %s and code %s is %s", (status, code, kind) => {
    expect(faultOf("GetBlob", restError(status, code), 1)).toMatchObject({ kind, code, status: status ?? 0 });
  });

  it.each([
    "AbortError",
    "TimeoutError",
    "AuthenticationError",
    "AggregateAuthenticationError",
    "CredentialUnavailableError",
  ])("is also %s", (name) => {
    expect(faultOf("GetBlob", Object.assign(new Error(secret), { name }), 1)).toMatchObject({
      kind: "away",
      code: name,
    });
  });

  it("is not what goes wrong in a program", () => {
    for (const error of [new TypeError("x is undefined"), new Error("no"), "text", undefined, null, 7]) {
      expect(faultOf("GetBlob", error, 1)).toBeUndefined();
    }
  });

  it("keeps what helps, and nothing of the request", () => {
    const headers = { "x-ms-request-id": "0f2a7a8e-101e-0011-0c4d-aa1d2f000000", "retry-after": "12" };
    const fault = faultOf("PutBlock", restError(503, "ServerBusy", headers), 3);
    expect(fault).toMatchObject({ operation: "PutBlock", attempts: 3, retryAfter: 12 });
    expect(fault?.message).toBe(
      "PutBlock: storage answered 503 ServerBusy (request 0f2a7a8e-101e-0011-0c4d-aa1d2f000000)",
    );
    expect(inspect(fault, { showHidden: true, depth: 20 })).not.toContain("sig=");
  });

  it("takes no text for a code that could hide a secret", () => {
    const fault = faultOf("GetBlob", restError(403, `Authentication failed for ${secret}`), 1);
    expect(fault?.message).toBe("GetBlob: storage answered 403 RestError");
    const spoofed = faultOf("GetBlob", restError(403, "X", { "x-ms-request-id": secret }), 1);
    expect(spoofed?.message).toBe("GetBlob: storage answered 403 X");
  });
});

describe("what a client is told", () => {
  it("is to wait, for as long as storage asks", () => {
    const busy = faultOf("GetBlob", restError(503, "ServerBusy", { "retry-after": "12" }), 4);
    const away = faultOf("GetBlob", restError(500, "InternalError"), 4);
    if (busy === undefined || away === undefined) throw new Error("these are faults");
    expect(asRegistryError(busy)).toMatchObject({
      code: "TOOMANYREQUESTS",
      headers: { "retry-after": "12" },
    });
    expect(asRegistryError(away)).toMatchObject({ code: "UNAVAILABLE", headers: { "retry-after": "5" } });
    expect(unavailable("UNAVAILABLE", 0.2)).toMatchObject({ headers: { "retry-after": "1" } });
  });

  it("is nothing about what it cannot change", () => {
    const refused = faultOf("GetBlob", restError(403, "AuthorizationFailure"), 1);
    if (refused === undefined) throw new Error("this is a fault");
    expect(asRegistryError(refused)).toBe(refused);
  });
});
