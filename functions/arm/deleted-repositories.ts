import type { Door } from "../door.ts";

/** The repositories that can be restored, and until when. */
export const armDeletedRepositories: Door = {
  name: "arm_deleted_repositories",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/deletedRepositories",
};
