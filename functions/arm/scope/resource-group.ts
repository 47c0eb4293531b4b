import type { Door } from "../../door.ts";

/** A resource group. */
export const armResourceGroup: Door = {
  name: "arm_resource_group",
  methods: ["GET", "HEAD"],
  route: "subscriptions/{subscription}/resourceGroups/{group}",
};
