import type { Door } from "./door.ts";

/** Whether this instance answers. */
export const health: Door = {
  name: "healthz",
  methods: ["GET", "HEAD"],
  route: "healthz",
};
