import type { Door } from "./door.ts";

/** The repositories of a registry. */
export const catalog: Door = {
  name: "v2_catalog",
  methods: ["GET", "HEAD"],
  route: "v2/_catalog",
};
