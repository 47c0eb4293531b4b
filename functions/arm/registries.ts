import type { Door } from "../door.ts";

/** All registries of the subscription. */
export const armRegistries: Door = {
  name: "arm_registries",
  methods: ["GET"],
  route: "subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries",
};
