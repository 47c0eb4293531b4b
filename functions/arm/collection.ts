import type { Door } from "../door.ts";

/** What of a registry waits for collection, and what that did last. */
export const armCollection: Door = {
  name: "arm_collection",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/collection",
};
