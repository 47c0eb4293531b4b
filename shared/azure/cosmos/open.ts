import type { DocumentStore } from "../../ports/document-store.ts";
import type { Clock } from "../../ports/world.ts";
import { CosmosAccount } from "./account.ts";
import { type CosmosBudget, cosmosBudget } from "./call.ts";
import { type CosmosAuth, newClient } from "./client.ts";
import { containerDefinition } from "./container.ts";
import { CosmosDocuments } from "./documents.ts";
import { CosmosHttp } from "./http.ts";
import type { CosmosObserver } from "./observer.ts";
import type { CosmosSettings } from "./settings.ts";

/** ms for each request that makes an emulator's container. */
const createMillisMax = 30_000;

export interface CosmosOptions {
  readonly settings: CosmosSettings;
  readonly clock: Clock;
  /** The region that this process runs in, as Azure names it, when the account has a replica there. */
  readonly region?: string;
  /** In place of this process's own identity. */
  readonly credential?: Exclude<CosmosAuth, { readonly key: string }>["credential"];
  readonly observer?: CosmosObserver;
  readonly budget?: CosmosBudget;
  /** In place of what the settings say: whether the account is asked for its regions. */
  readonly singleRegion?: boolean;
}

export interface OpenedCosmos {
  readonly documents: DocumentStore;
  close(): void;
}

/**
 * The documents on Cosmos DB. Nothing is sent and no client is made before the first call, except on an emulator, where the
 * database and the container are created if they are not there; on an account they are made when it is provisioned, which
 * identities that only read and write documents may not do.
 * @throws Error when an emulator does not answer
 */
export async function openCosmos(options: CosmosOptions): Promise<OpenedCosmos> {
  const { settings } = options;
  // Keys are for emulators, on this machine or in another container.
  const emulator = settings.key !== undefined;
  const http = new CosmosHttp(options.observer);
  const auth: CosmosAuth =
    settings.key === undefined
      ? options.credential === undefined
        ? {}
        : { credential: options.credential }
      : { key: settings.key };
  if (emulator) await createContainer(settings, auth);
  const place = { ...settings, region: options.region, singleRegion: options.singleRegion ?? emulator };
  const budget = options.budget ?? cosmosBudget;
  const account = new CosmosAccount(place, auth, http, budget.requestMillis);
  return {
    documents: new CosmosDocuments(account, options.clock, budget),
    close: () => {
      account.close();
      http.close();
    },
  };
}

/** Makes the database and the container where they are absent; not counted as the store's own requests. */
async function createContainer(settings: CosmosSettings, auth: CosmosAuth): Promise<void> {
  const http = new CosmosHttp(undefined);
  const client = await newClient(settings.endpoint, settings.endpoint, auth, http, createMillisMax);
  try {
    const { database } = await client.databases.createIfNotExists({ id: settings.database });
    // The SDK's type wants lists that it could change.
    const definition: object = structuredClone(containerDefinition);
    await database.containers.createIfNotExists({ id: settings.container, ...definition });
  } finally {
    client.dispose();
    http.close();
  }
}
