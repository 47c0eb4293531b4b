import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { Azurite } from "../../emulators/azurite.ts";

/** Makes a container, which distribution's driver expects to be there. @param certificate of an emulator that signs itself */
export async function makeContainer(
  azurite: Azurite,
  name: string,
  certificate: string | undefined,
): Promise<void> {
  const library = await import("@azure/storage-blob");
  const credential = new library.StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
  const signature = library.generateAccountSASQueryParameters(
    {
      services: "b",
      resourceTypes: "c",
      permissions: library.AccountSASPermissions.parse("cw"),
      expiresOn: new Date(Date.now() + 60_000),
    },
    credential,
  );
  const url = `${azurite.blobEndpoint}/${name}?restype=container&${signature}`;
  const answer = await open(url, "PUT", certificate);
  answer.resume();
  if (answer.statusCode !== 201)
    throw new Error(`the container ${name} was answered by ${answer.statusCode}`);
}

/** The answer to a request without a body, whose own body is still to be read. */
export async function open(
  url: string,
  method: string,
  certificate: string | undefined,
): Promise<IncomingMessage> {
  const options = { method, headers: { "content-length": "0" }, agent: false } as const;
  const request =
    certificate === undefined
      ? http.request(url, options)
      : https.request(url, { ...options, ca: certificate });
  request.end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return answer;
}
