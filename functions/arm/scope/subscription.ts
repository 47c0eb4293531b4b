import type { Door } from "../../door.ts";

/** The subscription. */
export const armSubscription: Door = {
  name: "arm_subscription",
  methods: ["GET"],
  route: "subscriptions/{subscription}",
};
