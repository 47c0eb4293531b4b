import type { TokenCredential } from "@azure/identity";
import type { ContainerClient } from "@azure/storage-blob";
import { budgets, type CallBudget, callStorage, unless } from "./call.ts";
import { type StorageAccountOptions, StorageClients } from "./clients.ts";
import { faultOf } from "./errors.ts";
import { type Endpoint, StorageHealth } from "./health.ts";
import type { StorageObserver } from "./observer.ts";
import { SignedUrls } from "./signed-urls.ts";

/** The world around an account, which tests replace. */
export interface StorageWorld {
  readonly observer: StorageObserver;
  /** ms since 1970 */
  readonly now: () => number;
  readonly credential?: () => Promise<TokenCredential>;
  /** ms between two reads of the canary */
  readonly canaryPeriodMillis?: number;
}

/** Containers of the deployment's own have no registry's key: all that share an account read and write them. */
const ownContainers = /^(?:portolan-|uploads$)/;

const canary = { container: "portolan-canary", name: "canary", bytes: "." } as const;

/** One storage account: its clients, its health, its signed URLs, and the containers that are made as they are needed. */
export class StorageAccount {
  readonly clients: StorageClients;
  readonly health: StorageHealth;
  readonly urls: SignedUrls;
  readonly #existing = new Set<string>();

  constructor(options: StorageAccountOptions, world: StorageWorld) {
    this.clients = new StorageClients(
      options,
      world.observer,
      (endpoint, answered) => this.health.observe(endpoint, answered),
      world.credential,
    );
    this.health = new StorageHealth({
      now: world.now,
      secondary: options.secondaryBlobEndpoint !== undefined,
      probe: (endpoint) => this.#readCanary(endpoint),
      lastSync: () => this.#readLastSync(),
      ...(world.canaryPeriodMillis === undefined ? {} : { periodMillis: world.canaryPeriodMillis }),
    });
    this.urls = new SignedUrls(this.clients, world.now);
  }

  close(): void {
    this.health.close();
  }

  /** A call about one container, at the primary. See `callStorage` for what it throws. */
  async call<T>(
    operation: string,
    budget: CallBudget,
    container: string,
    attempt: (client: ContainerClient, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await this.#callPrimary(operation, budget, async (signal) => {
      const service = await this.clients.blobs();
      return await attempt(service.getContainerClient(container), signal);
    });
  }

  /**
   * As `call`, for what needs the container: it is made when it turns out not to be there, so that one that exists costs
   * nothing. The service may cut a body short that goes to no container, hence the look before a second attempt.
   */
  async write<T>(
    operation: string,
    budget: CallBudget,
    container: string,
    attempt: (client: ContainerClient, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await this.#callPrimary(operation, budget, async (signal, number) => {
      const client = (await this.clients.blobs()).getContainerClient(container);
      if (number > 1 && !this.#existing.has(container)) await this.#create(client, signal);
      try {
        const result = await attempt(client, signal);
        this.#existing.add(container);
        return result;
      } catch (error) {
        if (faultOf(operation, error, number)?.code !== "ContainerNotFound") throw error;
        await this.#create(client, signal);
        return await attempt(client, signal);
      }
    });
  }

  async #callPrimary<T>(
    operation: string,
    budget: CallBudget,
    attempt: (signal: AbortSignal, number: number) => Promise<T>,
  ): Promise<T> {
    return await callStorage(operation, budget, async (given, number) => {
      return await this.health.atPrimary(given, async (signal) => await attempt(signal, number));
    });
  }

  /** Of several that create it at once, all succeed. */
  async #create(client: ContainerClient, abortSignal: AbortSignal): Promise<void> {
    const scope = ownContainers.test(client.containerName) ? undefined : this.clients.account.encryptionScope;
    await client.createIfNotExists({
      abortSignal,
      ...(scope === undefined
        ? {}
        : {
            containerEncryptionScope: { defaultEncryptionScope: scope, preventEncryptionScopeOverride: true },
          }),
    });
    this.#existing.add(client.containerName);
  }

  /** Also while the primary counts as down: this is how it is found to be up again. */
  async #readCanary(endpoint: Endpoint): Promise<void> {
    const read = callStorage("GetBlob", budgets.probe, async (abortSignal) => {
      const container = (await this.clients.blobs(endpoint)).getContainerClient(canary.container);
      return await container
        .getBlobClient(canary.name)
        .downloadToBuffer(0, canary.bytes.length, { abortSignal });
    });
    const found = await unless(["BlobNotFound", "ContainerNotFound"], read);
    if (found !== undefined || endpoint === "secondary") return;
    await callStorage("PutBlob", budgets.probe, async (abortSignal) => {
      const container = (await this.clients.blobs()).getContainerClient(canary.container);
      await container.createIfNotExists({ abortSignal });
      await container
        .getBlockBlobClient(canary.name)
        .upload(canary.bytes, canary.bytes.length, { abortSignal });
    });
  }

  async #readLastSync(): Promise<number | undefined> {
    const statistics = await callStorage("GetBlobServiceStats", budgets.probe, async (abortSignal) => {
      return await (await this.clients.blobs("secondary")).getStatistics({ abortSignal });
    });
    return statistics.geoReplication?.lastSyncOn?.getTime();
  }
}
