import type { Door } from "../../door.ts";

/** The named tokens of a registry. */
export const armTokens: Door = {
  name: "arm_tokens",
  methods: ["GET"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/tokens",
};
