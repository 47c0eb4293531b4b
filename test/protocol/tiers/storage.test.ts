import { beforeEach, describe, expect, test } from "vitest";
import { type TierFigures, usualTiers } from "../../../shared/domain/tiers/table.ts";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { UsageQuota } from "../../../shared/tenancy/storage-quota.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { bytes, emptyConfig, imageManifest, sha256 } from "../harness/content.ts";
import { incoming, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";

const start = Date.UTC(2026, 0, 1);
const uploads = "/v2/app/blobs/uploads/";
const layer = bytes(998);
const manifestType = "application/vnd.oci.image.manifest.v1+json";

let now = start;
let service: Service;
beforeEach(async () => {
  now = start;
  ({ service } = await openMemoryRegistry({ now: () => now++ }));
});

/** The registry, Premium, with these figures. */
function withFigures(figures: Partial<TierFigures>): Service {
  const tiers = { ...usualTiers, Premium: { ...usualTiers.Premium, ...figures } };
  const ports = { ...service.ports, tiers };
  return { ...service, ports: { ...ports, quota: new UsageQuota(ports) } };
}

async function send(
  through: Service,
  method: string,
  target: string,
  body?: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  streamed = false,
): Promise<Answer> {
  const call = { method, target, body: body === undefined ? undefined : [body], streamed, headers };
  return await readReply(await serve(through, incoming(call)));
}

async function push(through: Service, content: Uint8Array, repository = "app"): Promise<number> {
  const target = `/v2/${repository}/blobs/uploads/?digest=${sha256(content)}`;
  return (await send(through, "POST", target, content)).status;
}

/** All that was pushed is in the usage figures, and nothing is reserved any more. */
async function settle(): Promise<void> {
  await consumeEvents(service.ports, service.log);
  now += 10 * 60_000;
}

function expectFull(answer: Answer): void {
  expect(answer.status).toBe(403);
  expect(JSON.parse(answer.body.toString())).toEqual({
    errors: [
      {
        code: "DENIED",
        message: "tier Premium allows 1,000 bytes of storage; Basic allows 40 TiB, Standard 40 TiB",
        detail: { tier: "Premium", figure: "storageBytesMax", limit: 1_000 },
      },
    ],
  });
}

describe("a registry that stores all that it may", () => {
  let full: Service;
  beforeEach(async () => {
    full = withFigures({ storageBytesMax: 1_000 });
    expect(await push(full, layer)).toBe(201);
    expect(await push(full, Buffer.from(emptyConfig))).toBe(201);
    await settle();
  });

  test("refuses uploads and manifests, with how much it may store and what would lift that", async () => {
    expectFull(await send(full, "POST", uploads));
    expectFull(await send(full, "POST", `${uploads}?digest=${sha256("more")}`, Buffer.from("more")));
    const manifest = Buffer.from(imageManifest());
    const type = { "content-type": manifestType };
    expectFull(await send(full, "PUT", "/v2/app/manifests/v1", manifest, type));
  });

  test("is read, mounted from and deleted from as before", async () => {
    const digest = sha256(layer);
    expect((await send(full, "GET", `/v2/app/blobs/${digest}`)).status).toBe(200);
    const mount = `/v2/other/blobs/uploads/?mount=${digest}&from=app`;
    expect((await send(full, "POST", mount)).status).toBe(201);
    expect((await send(full, "DELETE", `/v2/app/blobs/${digest}`)).status).toBe(202);
  });

  test("takes more when the operator allows more", async () => {
    const more = withFigures({ storageBytesMax: 1_004 });
    expect(await push(more, Buffer.from("more"))).toBe(201);
    await settle();
    expect(await push(more, Buffer.from("m"))).toBe(403);
  });
});

describe("a registry with some bytes left", () => {
  let left: Service;
  beforeEach(async () => {
    left = withFigures({ storageBytesMax: 1_000 });
    expect(await push(left, bytes(900))).toBe(201);
    await settle();
  });

  test("refuses a chunk that says to be larger, and takes what fits in its place", async () => {
    const location = (await send(left, "POST", uploads)).headers["location"] ?? "";
    expectFull(await send(left, "PATCH", location, bytes(101, 1)));
    const fits = bytes(100, 1);
    expect((await send(left, "PATCH", location, fits)).status).toBe(202);
    const close = `${location}?digest=${sha256(fits)}`;
    expect((await send(left, "PUT", close)).status).toBe(201);
  });

  test("refuses a chunk that does not say how large it is once it is too large", async () => {
    const location = (await send(left, "POST", uploads)).headers["location"] ?? "";
    expectFull(await send(left, "PATCH", location, bytes(101, 1), {}, true));
  });

  test("refuses the end of an upload when others were faster", async () => {
    const content = bytes(80, 1);
    const location = (await send(left, "POST", uploads)).headers["location"] ?? "";
    expect((await send(left, "PATCH", location, content)).status).toBe(202);
    expect(await push(left, bytes(50, 2))).toBe(201);
    expectFull(await send(left, "PUT", `${location}?digest=${sha256(content)}`));
    expect((await send(left, "HEAD", `/v2/app/blobs/${sha256(content)}`)).status).toBe(404);
  });
});

describe("a blob or a manifest that is larger than the tier allows", () => {
  test("is refused, whether it says so or not", async () => {
    const small = withFigures({ layerBytesMax: 100, manifestBytesMax: 100 });
    const messages: unknown[] = [];
    const refused = async (...asked: Parameters<typeof send>) => {
      const answer = await send(...asked);
      expect(answer.status).toBe(413);
      const { errors } = JSON.parse(answer.body.toString()) as { errors: { message: string }[] };
      messages.push(errors[0]?.message);
    };
    const blob = `${uploads}?digest=${sha256(bytes(101))}`;
    await refused(small, "POST", blob, bytes(101));
    await refused(small, "POST", blob, bytes(101), {}, true);
    const manifest = bytes(101);
    const type = { "content-type": manifestType };
    await refused(small, "PUT", "/v2/app/manifests/v1", manifest, type);
    await refused(small, "PUT", "/v2/app/manifests/v1", manifest, type, true);
    const inBlob = "tier Premium allows 100 bytes in one blob; Basic allows 200 GiB, Standard 200 GiB";
    const inManifest = "tier Premium allows 100 bytes in one manifest; Basic allows 4 MiB, Standard 4 MiB";
    expect(messages).toEqual([inBlob, inBlob, inManifest, inManifest]);
    expect(await push(small, bytes(100))).toBe(201);
  });
});
