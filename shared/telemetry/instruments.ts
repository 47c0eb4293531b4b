import type { Counter, Gauge, Histogram, Meter } from "@opentelemetry/api";
import { metrics } from "./names.ts";

/** All that is measured. Each has a row in docs/telemetry.md. */
export interface Instruments {
  readonly requestDuration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
  readonly pulls: Counter;
  readonly pullsDone: Counter;
  readonly pushes: Counter;
  readonly pushesDone: Counter;
  readonly databaseDuration: Histogram;
  readonly databaseCharge: Histogram;
  readonly storageDuration: Histogram;
  readonly collection: CollectionInstruments;
}

export interface CollectionInstruments {
  readonly candidates: Counter;
  readonly condemned: Counter;
  readonly revived: Counter;
  readonly places: Counter;
  readonly bytes: Counter;
  readonly lateness: Gauge;
}

/** In seconds. The smallest are for what is answered from memory, the largest for layers. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];
/** In bytes: 1 KiB, 64 KiB, and so on to 16 GiB. */
const sizes = [2 ** 10, 2 ** 16, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 34];
const charges = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export function createInstruments(meter: Meter): Instruments {
  const histogram = (name: string, unit: string, explicitBucketBoundaries: number[], description: string) =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries } });
  const counter = (name: string, description: string) => meter.createCounter(name, { description });
  return {
    requestDuration: histogram(
      metrics.requestDuration,
      "s",
      durations,
      "Time until a request's reply was made",
    ),
    requestBytes: histogram(metrics.requestBytes, "By", sizes, "Bytes of requests' bodies"),
    responseBytes: histogram(metrics.responseBytes, "By", sizes, "Bytes of replies' bodies, as announced"),
    pulls: counter(metrics.pulls, "Requests for a manifest's bytes"),
    pullsDone: counter(metrics.pullsDone, "Those that were answered"),
    pushes: counter(metrics.pushes, "Manifests that somebody wanted to push"),
    pushesDone: counter(metrics.pushesDone, "Those that were stored"),
    databaseDuration: histogram(metrics.databaseDuration, "s", durations, "Time of a call to Cosmos DB"),
    databaseCharge: histogram(
      metrics.databaseCharge,
      "{request_unit}",
      charges,
      "What Cosmos DB charged for a call",
    ),
    storageDuration: histogram(
      metrics.storageDuration,
      "s",
      durations,
      "Time until Azure Storage began to answer a call",
    ),
    collection: {
      candidates: counter(metrics.collectionCandidates, "Links that nothing pointed at"),
      condemned: counter(metrics.collectionCondemned, "Blobs that nobody held any more"),
      revived: counter(metrics.collectionRevived, "Those of them that were pushed again meanwhile"),
      places: counter(metrics.collectionPlaces, "Places whose bytes were deleted"),
      bytes: meter.createCounter(metrics.collectionBytes, {
        description: "Bytes that were freed",
        unit: "By",
      }),
      lateness: meter.createGauge(metrics.collectionLateness, {
        description: "By how much the oldest bytes that should be gone are late",
        unit: "s",
      }),
    },
  };
}
