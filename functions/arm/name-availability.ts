import type { Door } from "../door.ts";

/** Whether a registry can be called that. */
export const armNameAvailability: Door = {
  name: "arm_name_availability",
  methods: ["POST"],
  route: "subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability",
};
