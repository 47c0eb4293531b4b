import type { Door } from "../../door.ts";

/** New passwords of a named token. */
export const armGenerateCredentials: Door = {
  name: "arm_generate_credentials",
  methods: ["POST"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/generateCredentials",
};
