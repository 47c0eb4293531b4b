import type { Door } from "../door.ts";

/** What a registry stores. */
export const armUsages: Door = {
  name: "arm_usages",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/listUsages",
};
