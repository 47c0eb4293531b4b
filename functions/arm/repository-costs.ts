import type { Door } from "../door.ts";

/** What each repository has of a registry's cost in a month. */
export const armRepositoryCosts: Door = {
  name: "arm_repository_costs",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/repositoryCosts",
};
