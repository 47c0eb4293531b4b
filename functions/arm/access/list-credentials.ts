import type { Door } from "../../door.ts";

/** The admin user of a registry. */
export const armListCredentials: Door = {
  name: "arm_list_credentials",
  methods: ["POST"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/listCredentials",
};
