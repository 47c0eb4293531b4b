import type { Door } from "./door.ts";

/** Whether the registry has all that it needs, and what is missing. */
export const readiness: Door = {
  name: "readyz",
  methods: ["GET", "HEAD"],
  route: "readyz",
};
