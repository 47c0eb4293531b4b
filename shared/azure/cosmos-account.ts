import type { Container, CosmosClient, DatabaseAccount } from "@azure/cosmos";
import { type CosmosAuth, containerOf, newClient } from "./cosmos-client.ts";
import { accountRequirements } from "./cosmos-container.ts";
import type { CosmosHttp } from "./cosmos-http.ts";

export interface CosmosPlace {
  /** The account's own endpoint, which names no region. */
  readonly endpoint: string;
  readonly database: string;
  readonly container: string;
  /** The region whose replica answers reads that may be stale; without one it is the write region. */
  readonly region?: string | undefined;
  /** Emulators have one region, and know it by names that lead elsewhere. */
  readonly singleRegion: boolean;
}

/** ms between two looks at the account, and between two when something points to a change. */
const lookMillis = 60_000;
const hurriedLookMillis = 5_000;

/**
 * The container as it is reached in the regions of its account. The write region is that of the account's own name until
 * the account has been asked, then the one that it says; it is asked again now and then, and when a write is refused
 * because the write region has moved.
 */
export class CosmosAccount {
  readonly #place: CosmosPlace;
  readonly #auth: CosmosAuth;
  readonly #http: CosmosHttp;
  readonly #requestMillis: number;
  readonly #clients = new Map<string, Promise<CosmosClient>>();
  #writeEndpoint: string;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #unfit: string | undefined;

  constructor(place: CosmosPlace, auth: CosmosAuth, http: CosmosHttp, requestMillis: number) {
    this.#place = place;
    this.#auth = auth;
    this.#http = http;
    this.#requestMillis = requestMillis;
    this.#writeEndpoint = place.endpoint;
  }

  /** In the write region: for commits, and for reads that see every commit. */
  async inWriteRegion(): Promise<Container> {
    void this.#look(lookMillis);
    return await this.#container(this.#writeEndpoint);
  }

  /** In the region nearby: for reads that may be stale. */
  async nearby(): Promise<Container> {
    const { region, singleRegion, endpoint } = this.#place;
    if (region === undefined || singleRegion) return await this.inWriteRegion();
    void this.#look(lookMillis);
    return await this.#container(regionalEndpoint(endpoint, region));
  }

  /** Asks the account where its write region is, unless it was asked a moment ago. */
  async lookAgain(): Promise<void> {
    await this.#look(hurriedLookMillis);
  }

  close(): void {
    for (const client of this.#clients.values()) client.then((made) => made.dispose()).catch(() => {});
  }

  async #container(endpoint: string): Promise<Container> {
    // What the account is was found out beside a call; the next one tells, so that it cannot go unseen.
    if (this.#unfit !== undefined) throw new Error(this.#unfit);
    return containerOf(await this.#client(endpoint), this.#place.database, this.#place.container);
  }

  #client(endpoint: string): Promise<CosmosClient> {
    let client = this.#clients.get(endpoint);
    if (client === undefined) {
      client = newClient(endpoint, this.#place.endpoint, this.#auth, this.#http, this.#requestMillis);
      this.#clients.set(endpoint, client);
    }
    return client;
  }

  #look(everyMillis: number): Promise<void> {
    if (this.#place.singleRegion) return Promise.resolve();
    if (this.#looking !== undefined) return this.#looking;
    if (performance.now() - this.#lookedAt < everyMillis) return Promise.resolve();
    this.#lookedAt = performance.now();
    this.#looking = this.#ask().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Failing is no trouble: what is known stays in force, and the calls themselves say what is away. */
  async #ask(): Promise<void> {
    try {
      const client = await this.#client(this.#place.endpoint);
      const { resource } = await client.getDatabaseAccount();
      if (resource === undefined) return;
      this.#unfit = unfitness(resource);
      const endpoint = resource.writableLocations[0]?.databaseAccountEndpoint;
      if (endpoint !== undefined) this.#writeEndpoint = endpoint;
    } catch {
      // As above.
    }
  }
}

/** Why the registry cannot be right on this account, or undefined. */
function unfitness(account: DatabaseAccount): string | undefined {
  if (account.enableMultipleWritableLocations !== accountRequirements.multipleWriteRegions) {
    return "the Cosmos DB account writes in several regions, where comparing etags is not safe; give it one";
  }
  // Named as a level, it is the policy that holds the level.
  const policy: unknown = account.consistencyPolicy;
  const level =
    typeof policy === "object" && policy !== null && "defaultConsistencyLevel" in policy
      ? String(policy.defaultConsistencyLevel)
      : String(policy);
  if ((accountRequirements.consistencyLevels as readonly string[]).includes(level)) return undefined;
  return `the Cosmos DB account's default consistency is ${level}, but reads rely on ${accountRequirements.consistencyLevels.join(" or ")}`;
}

/**
 * The account's name in one region: its own name, a dash and the region's.
 * @see https://learn.microsoft.com/azure/cosmos-db/how-to-configure-private-endpoints#private-zone-name-mapping
 */
export function regionalEndpoint(endpoint: string, region: string): string {
  const url = new URL(endpoint);
  const [account, ...domain] = url.hostname.split(".");
  url.hostname = [`${account}-${region.replaceAll(" ", "").toLowerCase()}`, ...domain].join(".");
  return url.href;
}
