import type { Door } from "../door.ts";

/** What collection would take from a registry. */
export const armCollectionPreview: Door = {
  name: "arm_collection_preview",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/collection/preview",
};
