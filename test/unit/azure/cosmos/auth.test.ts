import { describe, expect, it } from "vitest";
import { CosmosAccount } from "../../../../shared/azure/cosmos/account.ts";
import type { CosmosAuth } from "../../../../shared/azure/cosmos/client.ts";
import { CosmosDocuments } from "../../../../shared/azure/cosmos/documents.ts";
import { CosmosHttp } from "../../../../shared/azure/cosmos/http.ts";
import type { HttpRequest } from "../../../../shared/azure/cosmos/observer.ts";
import { registryErrorOf } from "./faulty-cosmos.ts";

const item = { id: "a", kind: "k", schema: 1, writer: "w", pk: "p", _etag: '"1"' };

/** Answers every request with one item, and keeps it off the network. */
class AnsweringHttp extends CosmosHttp {
  readonly requests: HttpRequest[] = [];

  constructor() {
    super(undefined);
  }

  override async sendRequest(request: HttpRequest) {
    this.requests.push(request);
    const headers = Object.assign(new Map<string, string>(), { toJSON: () => ({}) });
    return { request, status: 200, headers, bodyAsText: JSON.stringify(item) };
  }
}

function storeOf(auth: CosmosAuth, endpoint = "https://acme.documents.azure.com/") {
  const http = new AnsweringHttp();
  const place = { endpoint, database: "d", container: "c", singleRegion: true };
  const budget = { requestMillis: 1_000, callMillis: 2_000, retriesMax: 1, waitMillisMax: 100 };
  const account = new CosmosAccount(place, auth, http, budget.requestMillis);
  return { http, store: new CosmosDocuments(account, { now: () => Date.now() }, budget) };
}

describe("a request to Cosmos DB", () => {
  it("carries a token for the service, and no key, on an account", async () => {
    const scopes: string[] = [];
    const credential = {
      getToken: async (scope: string | string[]) => {
        scopes.push(...[scope].flat());
        return { token: "header.claims.signature", expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    };
    const { http, store } = storeOf({ credential });
    for (const fresh of [true, false]) expect(await store.read("p", "a", { fresh })).toBeDefined();
    expect(scopes).toEqual(["https://cosmos.azure.com/.default"]);
    for (const { headers } of http.requests) {
      expect(headers.get("authorization")).toBe("type=aad&ver=1.0&sig=header.claims.signature");
    }
  });

  it("asks for a token by the account's own name in another cloud", async () => {
    const scopes: string[] = [];
    const credential = {
      getToken: async (scope: string | string[]) => {
        scopes.push(...[scope].flat());
        return { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    };
    const { store } = storeOf({ credential }, "https://acme.documents.azure.us/");
    await store.read("p", "a", { fresh: true });
    expect(scopes).toEqual(["https://acme.documents.azure.us/.default"]);
  });

  it("is not sent, and the store is away, while there is no token", async () => {
    for (const name of [
      "CredentialUnavailableError",
      "AuthenticationError",
      "AggregateAuthenticationError",
    ]) {
      const credential = {
        getToken: async () => {
          throw Object.assign(new Error("the identity endpoint said: secret"), { name });
        },
      };
      const { http, store } = storeOf({ credential });
      const calls = [
        async () => await store.read("p", "a", { fresh: true }),
        async () => await store.commit("p", [{ op: "delete", id: "a", etag: '"1"' }]),
      ];
      for (const call of calls) {
        const error = await registryErrorOf(call());
        expect(error.code).toBe("UNAVAILABLE");
        expect(`${error.message} ${String(error.cause)}`).not.toContain("secret");
      }
      expect(http.requests).toEqual([]);
    }
  });

  it("is signed with an emulator's key, which it does not carry", async () => {
    const key = Buffer.from("the emulator's key").toString("base64");
    const { http, store } = storeOf({ key }, "http://localhost:8081/");
    await store.read("p", "a", { fresh: true });
    const authorization = http.requests[0]?.headers.get("authorization") ?? "";
    expect(decodeURIComponent(authorization)).toMatch(/^type=master&ver=1.0&sig=/);
    expect(decodeURIComponent(authorization)).not.toContain(key);
  });
});
