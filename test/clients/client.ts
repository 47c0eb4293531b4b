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
}

/** Runs one scenario and notes how it went. A failure does not keep the next one from running. */
export type Scenario = (name: string, body: () => Promise<void>) => Promise<void>;

/** One real client, with all that it is asked to do. */
export interface Client {
  readonly name: string;
  /** The programs without which it counts as absent; in the Debian 13 root where the path begins with `debian13:`. */
  readonly needs: readonly string[];
  check(lab: Lab, scenario: Scenario): Promise<void>;
}
