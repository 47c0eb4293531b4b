import type { Door } from "../door.ts";

/** What each repository of a registry has. */
export const armRepositoryUsages: Door = {
  name: "arm_repository_usages",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/repositoryUsages",
};
