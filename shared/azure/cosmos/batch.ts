import type { Container, JSONObject, OperationInput, OperationResponse } from "@azure/cosmos";
import type { Operation } from "../../ports/document-store.ts";
import { CosmosFailure, type Failure, failureOfStatus } from "./failure.ts";
import { itemOf } from "./item.ts";

/** Status of an operation that failed only because another of its batch did. */
const failedDependency = 424;

/**
 * Sends the operations as they are: one as a plain request on its item, which any implementation knows, several as one
 * transactional batch.
 * @throws CosmosFailure when the batch was not applied, or what the SDK throws for an answer that is an error as a whole
 * @see https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch
 */
export async function sendOperations(
  container: Container,
  partition: string,
  operations: readonly Operation[],
  nowMillis: number,
  abortSignal: AbortSignal,
): Promise<void> {
  const [first, ...others] = operations;
  if (first !== undefined && others.length === 0) {
    await sendOne(container, partition, first, nowMillis, abortSignal);
    return;
  }
  const inputs = operations.map((operation) => inputOf(partition, operation, nowMillis));
  const response = await container.items.batch(inputs, partition, {
    abortSignal,
    // The documents are known here; sending them back would cost time and no less.
    contentResponseOnWriteEnabled: false,
  });
  const retryAfterMillis = Number(response.headers["x-ms-retry-after-ms"] ?? 0);
  const failure = failureOfBatch(response.result ?? [], inputs.length, retryAfterMillis);
  if (failure !== undefined) throw new CosmosFailure(failure);
}

async function sendOne(
  container: Container,
  partition: string,
  operation: Operation,
  nowMillis: number,
  abortSignal: AbortSignal,
): Promise<void> {
  switch (operation.op) {
    case "create":
      await container.items.create(itemOf(partition, operation.document, nowMillis), { abortSignal });
      return;
    case "upsert":
      await container.items.upsert(itemOf(partition, operation.document, nowMillis), { abortSignal });
      return;
    case "replace":
      await container
        .item(operation.document.id, partition)
        .replace(itemOf(partition, operation.document, nowMillis), {
          abortSignal,
          accessCondition: { type: "IfMatch", condition: operation.etag },
        });
      return;
    case "delete":
      await container.item(operation.id, partition).delete({
        abortSignal,
        accessCondition: { type: "IfMatch", condition: operation.etag },
      });
  }
}

function inputOf(partition: string, operation: Operation, nowMillis: number): OperationInput {
  if (operation.op === "delete") {
    // The service takes a condition here as well; only the SDK's type leaves it out.
    const input = { operationType: "Delete", id: operation.id, ifMatch: operation.etag } as const;
    return input;
  }
  // A copy that the SDK may change; JSON values only, as the port says.
  const resourceBody = { ...itemOf(partition, operation.document, nowMillis) } as object as JSONObject;
  switch (operation.op) {
    case "create":
      return { operationType: "Create", resourceBody };
    case "upsert":
      return { operationType: "Upsert", resourceBody };
    case "replace":
      return { operationType: "Replace", id: operation.document.id, ifMatch: operation.etag, resourceBody };
  }
}

/**
 * Why a batch was not applied: the one operation that failed by itself, all others having failed with it. An answer that
 * tells of some applied and some not is of no transactional batch, and nobody knows what it means.
 */
function failureOfBatch(
  results: readonly OperationResponse[],
  expected: number,
  retryAfterMillis: number,
): Failure | undefined {
  const statuses = results.map(({ statusCode }) => statusCode);
  if (statuses.length === expected && statuses.every((status) => status < 400)) return undefined;
  const cause = statuses.find((status) => status >= 400 && status !== failedDependency);
  const whole = statuses.length === expected && statuses.every((status) => status >= 400);
  if (cause !== undefined && whole)
    return failureOfStatus(cause, 0, retryAfterMillis, "to an operation of a batch");
  const message = `Cosmos DB answered a batch of ${expected} with ${statuses.join(" ")}`;
  return { verdict: "lost", retryAfterMillis: 0, message };
}
