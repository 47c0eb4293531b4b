import type { Door } from "../../door.ts";

/** The subscriptions: the one that there is. */
export const armSubscriptions: Door = {
  name: "arm_subscriptions",
  methods: ["GET"],
  route: "subscriptions",
};
