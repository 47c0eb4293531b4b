import type { Door } from "../door.ts";

/** What a recount of a registry found, and another one. */
export const armUsageReconciliation: Door = {
  name: "arm_usage_reconciliation",
  methods: ["GET", "POST"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/usageReconciliation",
};
