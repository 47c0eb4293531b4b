import type { Door } from "../door.ts";

/** What of a registry goes by itself, and what is written once. */
export const armLifecyclePolicy: Door = {
  name: "arm_lifecycle_policy",
  methods: ["GET", "PUT", "DELETE"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/lifecyclePolicies/default",
};
