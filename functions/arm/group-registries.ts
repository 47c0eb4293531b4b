import type { Door } from "../door.ts";

/** The registries of a resource group. */
export const armGroupRegistries: Door = {
  name: "arm_group_registries",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries",
};
