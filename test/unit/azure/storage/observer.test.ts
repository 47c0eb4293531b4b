import { describe, expect, it } from "vitest";
import { operationOf } from "../../../../shared/azure/storage/observer.ts";

const blob = "https://a.blob.core.windows.net/container/u/2026-01-01/01ARZ3NDEKTSV4RRFFQ69G5FAV";
const queue = "http://127.0.0.1:10001/account/queue";

describe("a request to storage", () => {
  it.each([
    ["PUT", blob, "PutBlob"],
    ["PUT", `${blob}?comp=block&blockid=abc`, "PutBlock"],
    ["PUT", `${blob}?comp=blocklist`, "PutBlockList"],
    ["GET", `${blob}?comp=blocklist&blocklisttype=all`, "GetBlockList"],
    ["GET", blob, "GetBlob"],
    ["HEAD", blob, "GetBlobProperties"],
    ["DELETE", blob, "DeleteBlob"],
    ["PUT", "https://a.blob.core.windows.net/container?restype=container", "CreateContainer"],
    ["GET", "https://a.blob.core.windows.net/container?restype=container&comp=list", "ListBlobs"],
    ["GET", "https://a-secondary.blob.core.windows.net/?restype=service&comp=stats", "GetBlobServiceStats"],
    [
      "POST",
      "https://a.blob.core.windows.net/?restype=service&comp=userdelegationkey",
      "GetUserDelegationKey",
    ],
    ["PATCH", `${blob}?comp=new`, "PATCH new"],
  ])("%s %s is %s", (method, url, operation) => {
    expect(operationOf("blob", method, url)).toBe(operation);
  });

  it.each([
    ["PUT", queue, "CreateQueue"],
    ["GET", `${queue}?comp=metadata`, "GetQueueMetadata"],
    ["POST", `${queue}/messages?visibilitytimeout=3`, "PutMessage"],
    ["GET", `${queue}/messages?numofmessages=16`, "GetMessages"],
    ["DELETE", `${queue}/messages/4f2b?popreceipt=AgAA`, "DeleteMessage"],
  ])("%s %s is %s", (method, url, operation) => {
    expect(operationOf("queue", method, url)).toBe(operation);
  });
});
