import { describe, expect, it } from "vitest";
import { parseCosmosConnectionString, readCosmosSettings } from "../../../../shared/azure/cosmos/settings.ts";

const key = "c2VjcmV0";
const local = `AccountEndpoint=https://localhost:8081/;AccountKey=${key};`;

describe("the settings of Cosmos DB", () => {
  it("are none where the environment says nothing", () => {
    expect(readCosmosSettings({})).toBeUndefined();
    expect(readCosmosSettings({ COSMOS_ENDPOINT: "", COSMOS_CONNECTION_STRING: "" })).toBeUndefined();
  });

  it("name an account, and hold no key for it", () => {
    expect(readCosmosSettings({ COSMOS_ENDPOINT: "https://acme.documents.azure.com" })).toEqual({
      endpoint: "https://acme.documents.azure.com/",
      key: undefined,
      database: "portolan",
      container: "documents",
    });
  });

  it("name an emulator on this machine with its key", () => {
    expect(
      readCosmosSettings({ COSMOS_CONNECTION_STRING: local, COSMOS_DATABASE: "d", COSMOS_CONTAINER: "c" }),
    ).toEqual({ endpoint: "https://localhost:8081/", key, database: "d", container: "c" });
    for (const host of ["127.0.0.1", "127.9.9.9", "[::1]", "cosmos.localhost"]) {
      const text = `AccountKey=${key};AccountEndpoint=http://${host}:1/x`;
      expect(parseCosmosConnectionString(text, false).key).toBe(key);
    }
  });

  it("take no key for what is off this machine, unless that is allowed in so many words", () => {
    for (const host of ["acme.documents.azure.com", "localhost.evil.example", "127.0.0.1.evil.example"]) {
      const environment = { COSMOS_CONNECTION_STRING: local.replace("localhost", host) };
      expect(() => readCosmosSettings(environment), host).toThrow(/off this machine/);
      expect(readCosmosSettings({ ...environment, COSMOS_ALLOW_REMOTE_KEY: "true" })?.key).toBe(key);
      expect(() => readCosmosSettings({ ...environment, COSMOS_ALLOW_REMOTE_KEY: "1" })).toThrow(
        "COSMOS_ALLOW_REMOTE_KEY is true or false",
      );
    }
  });

  it("never send a token or a key over plain HTTP to another machine", () => {
    expect(() => readCosmosSettings({ COSMOS_ENDPOINT: "http://acme.documents.azure.com" })).toThrow(/https/);
    const remote = `AccountEndpoint=http://acme.example/;AccountKey=${key}`;
    expect(() => parseCosmosConnectionString(remote, true)).toThrow(/https/);
  });

  it("repeat nothing of a connection string in an error", () => {
    const bad = [
      `AccountKey=${key}`,
      `AccountEndpoint=nonsense;AccountKey=${key}`,
      `AccountEndpoint=https://acme.documents.azure.com;AccountKey=${key}`,
      `AccountEndpoint=ftp://localhost;AccountKey=${key}`,
      key,
    ];
    for (const text of bad) {
      expect(() => readCosmosSettings({ COSMOS_CONNECTION_STRING: text })).toThrow();
      try {
        readCosmosSettings({ COSMOS_CONNECTION_STRING: text });
      } catch (error) {
        expect(String(error)).not.toContain(key);
      }
    }
  });

  it("refuse what is no URL, and two ways at once", () => {
    for (const endpoint of [
      "acme",
      "acme.documents.azure.com",
      "https://u:p@acme.example",
      "https://a/?sig=1",
    ]) {
      expect(() => readCosmosSettings({ COSMOS_ENDPOINT: endpoint }), endpoint).toThrow(/COSMOS_ENDPOINT/);
    }
    expect(() =>
      readCosmosSettings({ COSMOS_ENDPOINT: "https://a.example", COSMOS_CONNECTION_STRING: local }),
    ).toThrow(/exclude/);
    expect(() => readCosmosSettings({ COSMOS_CONNECTION_STRING: local, COSMOS_DATABASE: "a/b" })).toThrow(
      /COSMOS_DATABASE/,
    );
  });
});
