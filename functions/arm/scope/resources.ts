import type { Door } from "../../door.ts";

/** What is in the subscription, of whatever type. */
export const armResources: Door = {
  name: "arm_resources",
  methods: ["GET"],
  route: "subscriptions/{subscription}/resources",
};
