import type { Door } from "../../door.ts";

/** A new password of the admin user. */
export const armRegenerateCredential: Door = {
  name: "arm_regenerate_credential",
  methods: ["POST"],
  route:
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/regenerateCredential",
};
