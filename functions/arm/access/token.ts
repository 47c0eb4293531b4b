import type { Door } from "../../door.ts";

/** A named token. */
export const armToken: Door = {
  name: "arm_token",
  methods: ["GET", "PUT", "PATCH", "DELETE"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/tokens/{token}",
};
