import type { Door } from "./door.ts";

/** Whether this is a registry, and whether the caller may in. */
export const base: Door = {
  name: "v2_base",
  methods: ["GET", "HEAD"],
  route: "v2",
};
