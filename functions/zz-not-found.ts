import type { Door } from "./door.ts";

/** Everything else, in the registry's error shape; its name makes it the last one that is tried. */
export const notFound: Door = {
  name: "zz_not_found",
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"],
  route: "{*path}",
};
