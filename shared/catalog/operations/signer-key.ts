import { randomBytes } from "node:crypto";
import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { readAs, untilSettled } from "../commit.ts";
import { schema } from "../documents.ts";
import { ids, partitions } from "../keys.ts";

const keyBytes = 32;

/** In base64url. */
interface SignerKeyDocument extends Document {
  readonly kind: "signer-key";
  readonly key: string;
}

/**
 * The secret that upload URLs are signed with, the same for all instances: made by the first that starts, and kept among the
 * documents, since whoever can read those needs no upload's URL.
 */
export async function ensureSignerKey({
  documents,
  ids: { nonce },
}: Pick<Ports, "documents" | "ids">): Promise<Uint8Array> {
  const writer = nonce();
  const document: SignerKeyDocument = {
    id: ids.signerKey,
    kind: "signer-key",
    schema,
    writer,
    key: randomBytes(keyBytes).toString("base64url"),
  };
  const key = await untilSettled(async () => {
    const stored = await readAs<SignerKeyDocument>(
      documents,
      partitions.operations,
      ids.signerKey,
      "signer-key",
    );
    if (stored !== undefined) return stored.document.key;
    await documents.commit(partitions.operations, [{ op: "create", document }]);
    return undefined;
  });
  return Buffer.from(key, "base64url");
}
