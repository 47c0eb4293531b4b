import http from "node:http";
import https from "node:https";
import type { TokenCredential } from "@azure/identity";
import type { BlobServiceClient, RequestPolicyFactory } from "@azure/storage-blob";
import type { QueueServiceClient } from "@azure/storage-queue";
import { azureCredential } from "../credentials.ts";
import { parseConnectionString } from "./connection-string.ts";
import type { Endpoint } from "./health.ts";
import { observing, type StorageObserver } from "./observer.ts";

/** A storage account of the deployment, by the alias that places name. Endpoints have no slash at the end. */
export interface StorageAccountOptions {
  readonly alias: string;
  readonly accountName: string;
  readonly blobEndpoint: string;
  /** Where a geo-redundant account can be read as well; undefined when it cannot. */
  readonly secondaryBlobEndpoint: string | undefined;
  /** Undefined when the account holds no queues. */
  readonly queueEndpoint: string | undefined;
  /** The key of an emulator, base64; undefined in the cloud, where only identities count. */
  readonly accountKey: string | undefined;
  /** With whose key the registries' containers are encrypted, whatever a request says; absent: with the account's. */
  readonly encryptionScope?: string;
}

/**
 * An account in the cloud, by its blob endpoint, such as `https://<account>.blob.core.windows.net`.
 * @param geoRedundant whether its secondary endpoint may be read (RA-GRS, RA-GZRS)
 * @throws Error of one line when it is not such a URL
 */
export function cloudAccount(
  alias: string,
  blobEndpoint: string,
  geoRedundant: boolean,
): StorageAccountOptions {
  const [, accountName, domain] =
    /^https:\/\/([a-z0-9]{3,24})\.blob\.([a-z0-9.-]+)\/?$/.exec(blobEndpoint) ?? [];
  if (accountName === undefined || domain === undefined) {
    throw new Error(`the blob endpoint of ${alias} is https://<account>.blob.<domain>`);
  }
  return {
    alias,
    accountName,
    blobEndpoint: `https://${accountName}.blob.${domain}`,
    secondaryBlobEndpoint: geoRedundant ? `https://${accountName}-secondary.blob.${domain}` : undefined,
    queueEndpoint: `https://${accountName}.queue.${domain}`,
    accountKey: undefined,
  };
}

/** An emulated account. @throws Error of one line, which holds no secret */
export function emulatedAccount(
  alias: string,
  connectionString: string,
  options: { readonly allowRemote: boolean } = { allowRemote: false },
): StorageAccountOptions {
  return { alias, ...parseConnectionString(connectionString, options) };
}

/** The library's clients of one account, each made on first use: loading the library takes longer than a cold start may. */
export class StorageClients {
  readonly account: StorageAccountOptions;
  readonly #observer: StorageObserver;
  readonly #onAnswer: (endpoint: Endpoint, answered: boolean) => void;
  readonly #credential: () => Promise<TokenCredential>;
  readonly #blobs = new Map<Endpoint, Promise<BlobServiceClient>>();
  #queues: Promise<QueueServiceClient> | undefined;

  /** @param onAnswer told of every request to the blob endpoints, and whether it was answered */
  constructor(
    account: StorageAccountOptions,
    observer: StorageObserver,
    onAnswer: (endpoint: Endpoint, answered: boolean) => void,
    credential: () => Promise<TokenCredential> = azureCredential,
  ) {
    this.account = account;
    this.#observer = observer;
    this.#onAnswer = onAnswer;
    this.#credential = credential;
  }

  blobs(endpoint: Endpoint = "primary"): Promise<BlobServiceClient> {
    let client = this.#blobs.get(endpoint);
    if (client === undefined) {
      client = this.#makeBlobs(endpoint);
      this.#blobs.set(endpoint, client);
      // A library that failed to load is loaded again by the next request.
      client.catch(() => this.#blobs.delete(endpoint));
    }
    return client;
  }

  queues(): Promise<QueueServiceClient> {
    if (this.#queues === undefined) {
      this.#queues = this.#makeQueues();
      this.#queues.catch(() => {
        this.#queues = undefined;
      });
    }
    return this.#queues;
  }

  async #makeBlobs(endpoint: Endpoint): Promise<BlobServiceClient> {
    const { blobEndpoint, secondaryBlobEndpoint, accountName, accountKey } = this.account;
    const url = endpoint === "primary" ? blobEndpoint : secondaryBlobEndpoint;
    if (url === undefined) throw new Error(`the account ${this.account.alias} has no secondary endpoint`);
    const library = await import("@azure/storage-blob");
    const credential =
      accountKey === undefined
        ? await this.#credential()
        : new library.StorageSharedKeyCredential(accountName, accountKey);
    const pipeline = library.newPipeline(credential, pipelineOptions);
    const observer: StorageObserver = {
      call: (call) => {
        this.#onAnswer(endpoint, call.status > 0 && call.status < 500);
        this.#observer.call(call);
      },
    };
    pipeline.factories.push(observing("blob", observer), wideConnections);
    return new library.BlobServiceClient(url, pipeline);
  }

  async #makeQueues(): Promise<QueueServiceClient> {
    const { queueEndpoint, accountName, accountKey, alias } = this.account;
    if (queueEndpoint === undefined) throw new Error(`the account ${alias} has no queue endpoint`);
    const library = await import("@azure/storage-queue");
    const credential =
      accountKey === undefined
        ? await this.#credential()
        : new library.StorageSharedKeyCredential(accountName, accountKey);
    const pipeline = library.newPipeline(credential, pipelineOptions);
    pipeline.factories.push(observing("queue", this.#observer));
    return new library.QueueServiceClient(queueEndpoint, pipeline);
  }
}

/** The library would retry without jitter, at an endpoint of its own choosing, and without an end in time: call.ts does. */
const pipelineOptions = { retryOptions: { maxTries: 1 } } as const;

/** Bytes of an answer that wait for their reader, and that are read at once: four times Node's own, which keeps the store waiting. */
const waitingBytesMax = 256 * 1024;
const connections = { keepAlive: true, highWaterMark: waitingBytesMax };
const agents = { "http:": new http.Agent(connections), "https:": new https.Agent(connections) } as const;

const wideConnections: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest: async (request) => {
      request.agent = request.url.startsWith("https:") ? agents["https:"] : agents["http:"];
      return await next.sendRequest(request);
    },
  }),
};
