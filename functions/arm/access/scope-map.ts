import type { Door } from "../../door.ts";

/** A scope map. */
export const armScopeMap: Door = {
  name: "arm_scope_map",
  methods: ["GET", "PUT", "PATCH", "DELETE"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/scopeMaps/{scopeMap}",
};
