import type { Door } from "../door.ts";

/** What a registry costs in a month. */
export const armCost: Door = {
  name: "arm_cost",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/cost",
};
