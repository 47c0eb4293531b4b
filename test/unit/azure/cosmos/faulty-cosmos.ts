import { expect } from "vitest";
import { emulatorKey, startCosmosServer } from "../../../../emulators/cosmos.ts";
import { type CosmosBudget, cosmosBudget } from "../../../../shared/azure/cosmos/call.ts";
import { openCosmos } from "../../../../shared/azure/cosmos/open.ts";
import { RegistryError } from "../../../../shared/domain/errors.ts";
import type { Document, DocumentStore, Operation } from "../../../../shared/ports/document-store.ts";
import { CosmosProxy, type Fault, type SeenRequest } from "../../../support/cosmos-proxy.ts";

export interface Charge {
  readonly operation: string;
  readonly requestUnits: number;
  readonly millis: number;
  readonly status: number;
}

/** The store on an emulator, with a proxy between the two that does harm. */
export interface FaultyCosmos {
  readonly documents: DocumentStore;
  readonly proxy: CosmosProxy;
  readonly charges: Charge[];
  /** Does this to every request for items from now on. */
  harm(fault: Fault): void;
  /** Does these to the next requests for items, one each. */
  harmNext(...faults: readonly Fault[]): void;
  /** Lets everything through, and forgets what was seen. */
  heal(): void;
  /** Requests for items that reached the proxy. */
  items(): readonly SeenRequest[];
  stop(): Promise<void>;
}

export async function startFaultyCosmos(budget: Partial<CosmosBudget> = {}): Promise<FaultyCosmos> {
  const emulator = await startCosmosServer(true);
  const proxy = await CosmosProxy.before(emulator.endpoint);
  const settings = {
    endpoint: proxy.endpoint,
    key: emulatorKey,
    database: "faults",
    container: "documents",
  };
  await emulator.prepare(settings);
  const charges: Charge[] = [];
  const cosmos = await openCosmos({
    settings,
    clock: { now: () => Date.now() },
    budget: { ...cosmosBudget, ...budget },
    observer: {
      charge: (operation, requestUnits, millis, status) =>
        charges.push({ operation, requestUnits, millis, status }),
    },
  });
  const forItems = ({ path }: SeenRequest) => /\/docs(\/|$)/.test(path);
  return {
    documents: cosmos.documents,
    proxy,
    charges,
    harm: (fault) => {
      proxy.fault = (request) => (forItems(request) ? fault : undefined);
    },
    harmNext: (...faults) => {
      const left = [...faults];
      proxy.fault = (request) => (forItems(request) ? left.shift() : undefined);
    },
    heal: () => {
      proxy.fault = () => undefined;
      proxy.seen.length = 0;
      charges.length = 0;
    },
    items: () => proxy.seen.filter(forItems),
    stop: async () => {
      cosmos.close();
      await proxy.stop();
      await emulator.stop();
    },
  };
}

export function document(id: string, value = ""): Document & { readonly value: string } {
  return { id, kind: "sample", schema: 1, writer: "unit", value };
}

export const create = (id: string, value = ""): Operation => ({
  op: "create",
  document: document(id, value),
});
export const upsert = (id: string, value = ""): Operation => ({
  op: "upsert",
  document: document(id, value),
});

/** The error that a promise ends with. @throws what fails the test when it ends well */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    (value) => new TypeError(`ended with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(TypeError);
  return error as Error;
}

export async function registryErrorOf(promise: Promise<unknown>): Promise<RegistryError> {
  const error = await errorOf(promise);
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}
