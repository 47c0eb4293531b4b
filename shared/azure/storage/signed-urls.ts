import type { BlobSASSignatureValues } from "@azure/storage-blob";
import type { Place } from "../../domain/place.ts";
import type { SignOptions } from "../../ports/blob-store.ts";
import { budgets, callStorage } from "./call.ts";
import type { StorageClients } from "./clients.ts";
import { DelegationKeys } from "./delegation-key.ts";
import type { Endpoint } from "./health.ts";

/**
 * URLs at which anybody may read one blob for some minutes: made here, without a call to the service but for the key, once in
 * hours. The signature covers account, container and blob, not the host, so it is good at both endpoints.
 * @see https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
 */
export class SignedUrls {
  readonly #clients: StorageClients;
  readonly #now: () => number;
  readonly #keys: DelegationKeys;

  /** @param now ms since 1970 */
  constructor(clients: StorageClients, now: () => number) {
    this.#clients = clients;
    this.#now = now;
    this.#keys = new DelegationKeys(
      (startsOn, expiresOn) =>
        callStorage("GetUserDelegationKey", budgets.small, async (abortSignal) => {
          const service = await clients.blobs();
          return await service.getUserDelegationKey(startsOn, expiresOn, { abortSignal });
        }),
      now,
    );
  }

  /** @throws RegistryError UNAVAILABLE or TOOMANYREQUESTS when no key can be had */
  async sign(place: Place, options: SignOptions, endpoint: Endpoint): Promise<string> {
    const { account } = this.#clients;
    const base = endpoint === "primary" ? account.blobEndpoint : account.secondaryBlobEndpoint;
    if (base === undefined) throw new Error(`the account ${account.alias} has no secondary endpoint`);
    const expiresAt = this.#now() + options.seconds * 1000;
    const query = await this.#signature(place, options.mediaType, expiresAt);
    return `${base}/${place.container}/${place.name}?${query}`;
  }

  async #signature(place: Place, contentType: string, expiresAt: number): Promise<string> {
    const { account } = this.#clients;
    const library = await import("@azure/storage-blob");
    const { SASProtocol } = library;
    const values: BlobSASSignatureValues = {
      containerName: place.container,
      blobName: place.name,
      permissions: library.BlobSASPermissions.parse("r"),
      // Without a start it begins when the service sees it, whatever our clock says.
      expiresOn: new Date(expiresAt),
      protocol: account.blobEndpoint.startsWith("https:") ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
      contentType,
    };
    if (account.accountKey !== undefined) {
      const credential = new library.StorageSharedKeyCredential(account.accountName, account.accountKey);
      return library.generateBlobSASQueryParameters(values, credential).toString();
    }
    const key = await this.#keys.validUntil(expiresAt);
    return library.generateBlobSASQueryParameters(values, key, account.accountName).toString();
  }
}
