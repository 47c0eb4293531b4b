import type { StrictStorageFront } from "../../support/strict-storage.ts";
import type { Commands } from "./command.ts";
import type { Images } from "./images.ts";
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
  /** One that wants a name and a password, and lets redirects lead where they lead. */
  guardedWire(): Promise<Wire>;
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
  check(lab: Lab, scenario: Scenario): Promise<void>;
}
