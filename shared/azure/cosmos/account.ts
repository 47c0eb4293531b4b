import type { Container, CosmosClient, DatabaseAccount } from "@azure/cosmos";
import { RegistryError } from "../../domain/errors.ts";
import { type CosmosAuth, containerOf, newClient } from "./client.ts";
import { accountRequirements } from "./container.ts";
import type { CosmosHttp } from "./http.ts";

export interface CosmosPlace {
  /** The account's own endpoint, which names no region. */
  readonly endpoint: string;
  readonly database: string;
  readonly container: string;
  /** The region whose replica answers reads that may be stale; the write region does while none is known there. */
  readonly region?: string | undefined;
  /** Emulators have one region, and know it by names that lead elsewhere. */
  readonly singleRegion: boolean;
}

/** ms between two looks at the account, and between two when something points to a change. */
const lookMillis = 60_000;
const hurriedLookMillis = 5_000;

/**
 * The container as it is reached in the regions of its account. All is asked of the account's own name, which leads to the
 * write region, until the account has said where its regions are; it is asked again now and then, and when a region does
 * not answer or is not the write region any more.
 */
export class CosmosAccount {
  readonly #place: CosmosPlace;
  readonly #auth: CosmosAuth;
  readonly #http: CosmosHttp;
  readonly #requestMillis: number;
  readonly #clients = new Map<string, Promise<CosmosClient>>();
  #writeEndpoint: string;
  #nearbyEndpoint: string | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #learnedAt = Number.NEGATIVE_INFINITY;
  #writeRegion: string | undefined;
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
    void this.#look(lookMillis);
    return await this.#container(this.#nearbyEndpoint ?? this.#writeEndpoint);
  }

  /**
   * The host of the write region, as the account told it of late: of an account that does not tell, nobody knows it. It has the
   * account's name, so documents that were restored to another account are noticed too.
   * @throws RegistryError UNAVAILABLE
   */
  async writeRegion(): Promise<string> {
    if (this.#place.singleRegion) return "emulator";
    await this.#look(lookMillis);
    const known = performance.now() - this.#learnedAt < 2 * lookMillis ? this.#writeRegion : undefined;
    if (known !== undefined) return known;
    throw new RegistryError("UNAVAILABLE", { message: "the registry's database does not tell its regions" });
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
      client.catch(() => this.#clients.delete(endpoint));
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

  /** Any region can tell, so the one nearby is asked when the account's own name leads to one that is down. */
  async #ask(): Promise<void> {
    for (const endpoint of [this.#place.endpoint, this.#nearbyEndpoint]) {
      if (endpoint === undefined) continue;
      try {
        const client = await this.#client(endpoint);
        const { resource } = await client.getDatabaseAccount();
        if (resource === undefined) continue;
        this.#learn(resource);
        return;
      } catch {
        // What is known stays in force, and the calls themselves say what is away.
      }
    }
  }

  #learn(account: DatabaseAccount): void {
    this.#learnedAt = performance.now();
    this.#unfit = unfitness(account);
    const { writableLocations, readableLocations } = account;
    const written = writableLocations[0]?.databaseAccountEndpoint;
    this.#writeRegion = written === undefined ? undefined : new URL(written).host;
    this.#writeEndpoint = written ?? this.#place.endpoint;
    const { region } = this.#place;
    const near = readableLocations.find(({ name }) => region !== undefined && plain(name) === plain(region));
    this.#nearbyEndpoint = near?.databaseAccountEndpoint;
  }
}

/** Why the registry cannot be right on this account, or undefined. */
function unfitness(account: DatabaseAccount): string | undefined {
  if (account.enableMultipleWritableLocations !== accountRequirements.multipleWriteRegions) {
    return "the Cosmos DB account writes in several regions, where comparing etags is not safe; give it one";
  }
  const level: string = account.consistencyPolicy;
  if ((accountRequirements.consistencyLevels as readonly string[]).includes(level)) return undefined;
  return `the Cosmos DB account's default consistency is ${level}, but reads rely on ${accountRequirements.consistencyLevels.join(" or ")}`;
}

/** `West Europe` and `westeurope` are one region. */
function plain(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}
