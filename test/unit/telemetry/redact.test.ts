import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { redactTarget, redactText } from "../../../shared/telemetry/redact.ts";

const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const signature = "vgtyK5z9H9TsItg36NLWLfZkz1ulqeg_xFoC8M06gAA";
const ticket = `${id}.westeurope.tp0q81.sha256.${signature}`;

describe("a target that is written down", () => {
  it.each([
    ["/v2/"],
    ["/v2/a/b/manifests/v1"],
    [`/v2/a/blobs/sha256:${"0".repeat(64)}`],
    ["/v2/a/blobs/uploads/"],
    ["/v2/uploads/a/tags/list?n=5&last=v1"],
    ["/v2/a/blobs/uploads/?mount=sha256:00&from=b%2Fc"],
    ["/v2/a%2Fb/manifests/latest"],
    ["/v2/a/referrers/sha256:00?artifactType=application%2Fx"],
    ["/acr/v1/library%2Fhello/_tags?last=v1&n=2&orderby=timedesc&at=1700000000000&digest=sha256%3A00"],
    ["/acr/v1/_deleted/a/_manifests/sha256:00?force=true&api-version=2021-07-01"],
    ["/subscriptions/s/resourceGroups/g?api-version=2025-04-01&%24skiptoken=a&repository=b"],
  ])("is %s as it came when it holds no secret", (target) => {
    expect(redactTarget(target)).toBe(target);
  });

  it.each([
    [`/v2/a/blobs/uploads/${ticket}?digest=sha256:00`, `/v2/a/blobs/uploads/${id}.REDACTED?digest=sha256:00`],
    [`/v2/a/blobs/uploads/${ticket}/`, `/v2/a/blobs/uploads/${id}.REDACTED`],
    [`/v2/a%2Fblobs%2Fuploads%2F${ticket}`, `/v2/a%2Fblobs%2Fuploads%2F${id}.REDACTED`],
    [`/v2/a/BLOBS/Uploads/${ticket}`, `/v2/a/BLOBS/Uploads/${id}.REDACTED`],
    [`/v2/a/blobs/${ticket}`, `/v2/a/blobs/${id}.REDACTED`],
    ["/v2/?sv=2025-01-05&sig=abc%3D&se=x", "/v2/?sv=REDACTED&sig=REDACTED&se=REDACTED"],
    ["/v2/?access_token=abc&n=1", "/v2/?access_token=REDACTED&n=1"],
    ["/v2/?eyJhbGciOi", "/v2/?REDACTED"],
    [`/acr/v1/a/_tags/${ticket}`, `/acr/v1/a/_tags/${id}.REDACTED`],
    ["/subscriptions/s?api-version=1&code=abc", "/subscriptions/s?api-version=1&code=REDACTED"],
    ["http://user:password@localhost/v2/", "http://REDACTED@localhost/v2/"],
  ])("is %s without what opens something", (target, written) => {
    expect(redactTarget(target)).toBe(written);
  });

  test("holds no upload's signature however its ticket is escaped", () => {
    const escaped = fc
      .array(fc.boolean(), { minLength: ticket.length, maxLength: ticket.length })
      .map((which) =>
        [...ticket]
          .map((char, index) =>
            which[index] ? `%${char.charCodeAt(0).toString(16).padStart(2, "0")}` : char,
          )
          .join(""),
      );
    fc.assert(
      fc.property(escaped, (text) => {
        const written = redactTarget(`/v2/a/blobs/uploads/${text}`);
        expect(written).toMatch(/REDACTED$/);
        expect(written.length).toBeLessThan(60);
      }),
    );
  });
});

describe("text that others made", () => {
  it.each([
    ["Authorization: Bearer abc.def.ghi\nnext", "next"],
    ['{"authorization":"SharedKey dev:c2VjcmV0c2VjcmV0"}', "authorization"],
    ["GET https://a.blob.core.windows.net/c/b?sv=1&sig=c2VjcmV0c2VjcmV0&se=2", "&se=2"],
    ["type%3Dmaster%26ver%3D1.0%26sig%3Dc2VjcmV0c2VjcmV0", "type%3Dmaster"],
    ["AccountName=dev;AccountKey=c2VjcmV0c2VjcmV0==;BlobEndpoint=x", "BlobEndpoint=x"],
    ["The MAC signature found in the HTTP request 'c2VjcmV0c2VjcmV0=' is not the same", "is not the same"],
    ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIic2VjcmV0.c2VjcmV0c2VjcmV0 expired", "expired"],
    ["amqp://user:c2VjcmV0c2VjcmV0@host/path", "host/path"],
    [`PUT /v2/a/blobs/uploads/${id}.west.tp0q81.sha256.c2VjcmV0c2VjcmV0 failed`, `${id}.REDACTED failed`],
    ['"user":"portolan_c2VjcmV0c2VjcmV0","refused":"x"', "refused"],
    ["proxy said: Basic c2VjcmV0c2VjcmV0", "proxy said: Basic"],
  ])("loses the secret of %s and keeps the rest", (text, kept) => {
    const written = redactText(text);
    expect(written).not.toMatch(/c2VjcmV0|abc\.def/);
    expect(written).toContain(kept);
  });

  test("without secrets stays as it is", () => {
    const text = "Error: ENOENT: no such file\n    at open (node:fs:12:3)\n    at basic auth, token bucket";
    expect(redactText(text)).toBe(text);
  });
});
