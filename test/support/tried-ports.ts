import type { Explanations } from "../../shared/ports/explanations.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { dependenciesOf } from "../../shared/readiness/dependencies.ts";
import { Readiness, reportOn } from "../../shared/readiness/readiness.ts";

const nothing = () => undefined;
const unexplained: Explanations = { documents: nothing, blobs: nothing, work: nothing, keys: nothing };

/** The readiness of a registry on these ports, which nobody explains. */
export function readinessOf(ports: Ports): Readiness {
  const dependencies = dependenciesOf({ ports, accounts: [ports.region], queues: [] }, unexplained);
  return new Readiness(() => reportOn(dependencies, () => {}), ports.clock);
}
