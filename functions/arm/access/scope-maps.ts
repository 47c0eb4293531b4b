import type { Door } from "../../door.ts";

/** The scope maps of a registry. */
export const armScopeMaps: Door = {
  name: "arm_scope_maps",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/scopeMaps",
};
