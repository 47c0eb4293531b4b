import type { Door } from "../door.ts";

/** What a lifecycle policy would delete now. */
export const armLifecyclePreview: Door = {
  name: "arm_lifecycle_preview",
  methods: ["GET", "POST"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/lifecyclePolicies/default/preview",
};
