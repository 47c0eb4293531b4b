import { afterAll, beforeAll, expect, test } from "vitest";
import { type ListeningRegistry, openListeningRegistry } from "../auth/listening-registry.ts";
import { openTlsFront, type TlsFront } from "../harness/tls-front.ts";
import { all, clientAt } from "../management/managed-registry.ts";
import { oidOf, openRoles, scopes, tokenOf } from "./world.ts";

let registry: ListeningRegistry;
let front: TlsFront;
beforeAll(async () => {
  const opened = await openRoles([
    { principal: oidOf(1), role: "Reader", scope: scopes.group("team") },
    { principal: oidOf(2), role: "Contributor", scope: scopes.group("team") },
  ]);
  registry = await openListeningRegistry(opened);
  front = await openTlsFront({ hostname: "127.0.0.1", port: registry.port });
});
afterAll(async () => {
  await front.close();
  await registry.close();
});

const clientOf = async (number: number) => clientAt(front, await tokenOf(oidOf(number)));
const whole = { location: "local", sku: { name: "Basic" } } as const;

test("Azure's own client reads for a Reader, and tells him what he may not do", async () => {
  const reader = await clientOf(1);
  const listed = await all(reader.registries.list());
  expect(listed.map(({ name }) => name)).toEqual(["apps01", "apps02"]);
  expect((await reader.registries.get("team", "apps01")).name).toBe("apps01");
  for (const [action, refused] of [
    ["registries/write", reader.registries.create("team", "made01", whole)],
    ["registries/write", reader.registries.update("team", "apps01", { tags: {} })],
    ["registries/delete", reader.registries.delete("team", "apps01")],
    ["registries/listCredentials/action", reader.registries.listCredentials("team", "apps01")],
    ["registries/read", reader.registries.get("team-b", "beta01")],
  ] as const)
    await expect(refused, action).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthorizationFailed",
      message: expect.stringContaining(`'Microsoft.ContainerRegistry/${action}'`) as string,
    });
});

test("Azure's own client makes and deletes registries for a Contributor of their group", async () => {
  const contributor = await clientOf(2);
  expect((await contributor.registries.create("team", "made01", whole)).name).toBe("made01");
  await contributor.registries.delete("team", "made01");
  await expect(contributor.registries.create("team-b", "made02", whole)).rejects.toMatchObject({
    statusCode: 403,
    code: "AuthorizationFailed",
  });
});
