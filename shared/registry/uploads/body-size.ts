import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { ByteRange } from "../../domain/range.ts";
import { beyondTier, storageFull } from "../../domain/tiers/refusals.ts";
import { figuresOf, tierOf } from "../../domain/tiers/table.ts";
import type { Run } from "../../ports/blob-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** Bytes that an upload may still have, and what is said to more. */
export interface Room {
  readonly bytes: number;
  readonly refusal: () => RegistryError;
}

/** What the registry's tier leaves to an upload that has `offset` bytes: of one blob, and of all storage. */
export async function roomOf(
  { tiers, quota }: Pick<Ports, "tiers" | "quota">,
  registry: Pick<RegistryDocument, "rid" | "tier">,
  offset: number,
): Promise<Room> {
  const { layerBytesMax } = figuresOf(tiers, registry);
  const left = (await quota?.left(registry)) ?? layerBytesMax;
  if (left < layerBytesMax) return { bytes: left - offset, refusal: () => storageFull(tiers, registry) };
  return {
    bytes: layerBytesMax - offset,
    refusal: () =>
      beyondTier(tiers, tierOf(registry), "layerBytesMax", "in one blob", {
        code: "SIZE_INVALID",
        status: 413,
      }),
  };
}

/** What the headers announce. @throws RegistryError SIZE_INVALID */
export function checkAnnouncedSize(
  room: Room,
  body: { readonly length: number | undefined },
  range: ByteRange | undefined,
): void {
  if (body.length === undefined) return;
  if (range !== undefined && body.length !== lengthOf(range)) {
    throw new RegistryError("SIZE_INVALID", { message: "Content-Length is not the length of Content-Range" });
  }
  if (body.length > room.bytes) throw room.refusal();
}

/** What really came. @throws RegistryError SIZE_INVALID */
export function checkReceivedSize(bytes: number, range: ByteRange | undefined): void {
  if (range !== undefined && bytes !== lengthOf(range)) {
    throw new RegistryError("SIZE_INVALID", { message: "the body is not as long as Content-Range says" });
  }
}

/** @throws RegistryError SIZE_INVALID when many small chunks use up the store's blocks */
export function checkBlocks(runs: readonly Run[], blocksMax: number): void {
  const blocks = runs.reduce((sum, run) => sum + run.blocks, 0);
  if (blocks > blocksMax) {
    const message = `an upload has at most ${blocksMax} blocks; send larger chunks`;
    throw new RegistryError("SIZE_INVALID", { status: 413, message });
  }
}

function lengthOf(range: ByteRange): number {
  return range.end - range.start + 1;
}
