import { describe, expect, it } from "vitest";
import { isLoopback } from "../../../../shared/azure/loopback.ts";
import { cloudAccount, emulatedAccount } from "../../../../shared/azure/storage/clients.ts";
import { parseConnectionString } from "../../../../shared/azure/storage/connection-string.ts";

const secret =
  "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vjcg==";
const local =
  `DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=${secret};` +
  "BlobEndpoint=http://127.0.0.1:10000/dev/;QueueEndpoint=http://127.0.0.1:10001/dev";

describe("a connection string", () => {
  it("is taken apart, a key with padding too", () => {
    expect(parseConnectionString(local, { allowRemote: false })).toEqual({
      accountName: "dev",
      accountKey: secret,
      blobEndpoint: "http://127.0.0.1:10000/dev",
      secondaryBlobEndpoint: undefined,
      queueEndpoint: "http://127.0.0.1:10001/dev",
    });
    const secondary = `${local};BlobSecondaryEndpoint=http://127.0.0.1:10000/dev-secondary`;
    expect(emulatedAccount("here", secondary)).toMatchObject({
      alias: "here",
      secondaryBlobEndpoint: "http://127.0.0.1:10000/dev-secondary",
    });
  });

  it.each([
    "https://account.blob.core.windows.net",
    "http://10.0.0.1:10000/dev",
    "http://127.0.0.1.example.org/dev",
  ])("is refused for %s, unless that is allowed in so many words", (endpoint) => {
    const remote = local.replace("http://127.0.0.1:10000/dev/", endpoint);
    expect(() => parseConnectionString(remote, { allowRemote: false })).toThrow(/not on this machine/);
    expect(parseConnectionString(remote, { allowRemote: true }).blobEndpoint).toBe(endpoint);
  });

  it("is refused for a queue or a secondary that is elsewhere", () => {
    for (const name of ["QueueEndpoint", "BlobSecondaryEndpoint"]) {
      const text = `${local};${name}=https://example.org/dev`;
      expect(() => parseConnectionString(text, { allowRemote: false })).toThrow(name);
    }
  });

  it("says what is missing or wrong, and repeats no secret", () => {
    const broken = [
      ["", "AccountName"],
      [secret, "AccountName"],
      [local.replace("AccountName=dev;", ""), "AccountName"],
      [local.replace(/AccountKey=[^;]*/, "AccountKey="), "AccountKey"],
      [local.replace(/BlobEndpoint=[^;]*;/, ""), "BlobEndpoint"],
      [local.replace("http://127.0.0.1:10000/dev/", secret), "BlobEndpoint"],
      [local.replace("http://127.0.0.1:10000/dev/", `ftp://${secret}`), "BlobEndpoint"],
      [local.replace("http://127.0.0.1:10000/dev/", `http://user:${secret}@example.org`), "BlobEndpoint"],
    ] as const;
    for (const [text, name] of broken) {
      let message = "";
      try {
        parseConnectionString(text, { allowRemote: false });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain(name);
      expect(message).not.toContain(secret);
      expect(message).not.toContain("\n");
    }
  });
});

describe("this machine", () => {
  it.each(["localhost", "blob.localhost", "127.0.0.1", "127.1.2.3", "[::1]"])("is %s", (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "[::2]", "notlocalhost", ""])(
    "is not %s",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe("an account in the cloud", () => {
  it("is named by its blob endpoint, from which the others follow", () => {
    expect(cloudAccount("weu", "https://acct123.blob.core.windows.net/", true)).toEqual({
      alias: "weu",
      accountName: "acct123",
      blobEndpoint: "https://acct123.blob.core.windows.net",
      secondaryBlobEndpoint: "https://acct123-secondary.blob.core.windows.net",
      queueEndpoint: "https://acct123.queue.core.windows.net",
      accountKey: undefined,
    });
    const china = cloudAccount("cn", "https://acct.blob.core.chinacloudapi.cn", false);
    expect(china).toMatchObject({
      secondaryBlobEndpoint: undefined,
      queueEndpoint: "https://acct.queue.core.chinacloudapi.cn",
    });
  });

  it.each([
    "http://acct123.blob.core.windows.net",
    "https://acct123.queue.core.windows.net",
    "https://acct123.blob.core.windows.net/container",
    "https://acct123.blob.core.windows.net?sig=abc",
    "acct123",
    "",
  ])("is not %s", (endpoint) => {
    expect(() => cloudAccount("weu", endpoint, true)).toThrow(/blob endpoint of weu/);
  });
});
