import type { Login } from "../../support/registry-access.ts";
import type { StrictStorageFront } from "../../support/strict-storage.ts";
import type { Access } from "./access.ts";
import type { Commands } from "./command.ts";
import type { Images } from "./images.ts";
import type { LongPush } from "./long-pushes.ts";
import type { Wire } from "./wire.ts";

/** What every client gets to work with. */
export interface Lab extends Commands {
  /** `host:port` of the registry. */
  readonly registry: string;
  /** An empty folder of the client's own, gone at the end. */
  readonly folder: string;
  /** What there is to push. */
  readonly images: Images;
  /** A recording proxy before the registry, for what has to be seen on the wire; closed at the end. */
  wire(): Promise<Wire>;
  /** One where a name and a password are wanted, and redirects lead where they lead. */
  guardedWire(): Promise<Wire>;
  /** One where the client has not logged in yet. */
  strangersWire(): Promise<Wire>;
  /** Keeps a login where the client finds it. */
  logIn(host: string, login: Login): void;
  /** Who the client is, where the registry wants to know; it has logged in already. */
  readonly login: Login | undefined;
  readonly access: Access | undefined;
  /** What redirects lead to; undefined where bytes are served through. */
  readonly storage: StrictStorageFront | undefined;
}

/** Runs one scenario and notes how it went. A failure does not keep the next one from running. */
export type Scenario = (name: string, body: () => Promise<void>) => Promise<void>;

/** One real client, with all that it is asked to do. */
export interface Client {
  readonly name: string;
  /**
   * Without these it counts as absent: programs, in the Debian 13 root where the path begins with `debian13:`, and
   * `root` where it only runs as that user.
   */
  readonly needs: readonly string[];
  /** What its scenarios push to begins with one of these; usually the client's name. */
  readonly repositories?: readonly string[];
  /** Whether they delete. */
  readonly deletes?: boolean;
  /** Pushes that outlive their token. */
  readonly longPush?: LongPush;
  check(lab: Lab, scenario: Scenario): Promise<void>;
}
