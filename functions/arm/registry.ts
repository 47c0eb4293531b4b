import type { Door } from "../door.ts";

/** A registry and its policies. */
export const armRegistry: Door = {
  name: "arm_registry",
  methods: ["GET", "PUT", "PATCH", "DELETE"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}",
};
