import { readAs, untilSettled } from "../../../catalog/commit.ts";
import { schema } from "../../../catalog/documents.ts";
import { ids, partitions } from "../../../catalog/keys.ts";
import type { Stored } from "../../../ports/document-store.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { AdministratorDocument } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { renewPassword } from "../renew-password.ts";

/**
 * Makes the administrator of the deployment, if there is none.
 * @returns his password, which nobody is told again; undefined when there is one, or somebody else was faster
 */
export async function ensureAdministrator(ports: Ports, keys: KeyRing): Promise<string | undefined> {
  const password = newPassword();
  const writer = ports.ids.nonce();
  const outcome = await untilSettled(async () => {
    const before = await readStored(ports);
    if (before !== undefined) return before.document.writer === writer ? "made" : "there";
    return (await writeAdministrator(ports, keys, password, writer)) ? "made" : undefined;
  });
  return outcome === "made" ? password : undefined;
}

/**
 * Gives the administrator a new password. What the old one was good for is looked up again and again, and is refused then.
 * @returns the password, which nobody is told again
 */
export async function resetAdministrator(ports: Ports, keys: KeyRing): Promise<string> {
  const password = newPassword();
  const writer = ports.ids.nonce();
  await untilSettled(async () => {
    const before = await readStored(ports);
    if (before?.document.writer === writer) return true;
    return (await writeAdministrator(ports, keys, password, writer, before)) ? true : undefined;
  });
  return password;
}

async function readStored({ documents }: Ports): Promise<Stored<AdministratorDocument> | undefined> {
  return await readAs<AdministratorDocument>(
    documents,
    partitions.operations,
    ids.administrator,
    "administrator",
  );
}

/** One attempt. @returns whether it is known to be committed */
async function writeAdministrator(
  ports: Ports,
  keys: KeyRing,
  plain: string,
  writer: string,
  before?: Stored<AdministratorDocument>,
): Promise<boolean> {
  const password = await renewPassword(ports, keys, plain, before?.document.password);
  const document: AdministratorDocument = {
    id: ids.administrator,
    kind: "administrator",
    schema,
    writer,
    password,
  };
  const outcome = await ports.documents.commit(partitions.operations, [
    before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag },
  ]);
  return outcome === "committed";
}
