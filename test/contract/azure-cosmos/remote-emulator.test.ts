import { expect, it } from "vitest";
import { emulatorKey, startCosmosServer } from "../../../emulators/cosmos.ts";
import { openCosmos } from "../../../shared/azure/cosmos/open.ts";

it("makes the container of an emulator that is reached by another name than this machine's, and stays at it", async () => {
  const emulator = await startCosmosServer(true);
  // The same address in a form that does not count as this machine's, as that of an emulator in another container.
  const endpoint = emulator.endpoint.replace("127.0.0.1", "[::ffff:127.0.0.1]");
  const settings = { endpoint, key: emulatorKey, database: "portolan", container: "documents" };
  const clock = { now: () => Date.now() };
  const { documents, close } = await openCosmos({ settings, clock, region: "westeurope" });
  try {
    const document = { id: "a", kind: "note", schema: 1, writer: "w" } as const;
    expect(await documents.commit("p", [{ op: "create", document }])).toBe("committed");
    expect((await documents.read("p", "a", { fresh: true }))?.document).toEqual(document);
    expect((await documents.read("p", "a", { fresh: false }))?.document).toEqual(document);
  } finally {
    close();
    await emulator.stop();
  }
});
