import type { Door } from "./door.ts";

/**
 * Everything else, in the registry's error shape; its name makes it the last one that is tried. TRACE and CONNECT are left to
 * the runtime's own 404: the library cannot make a request of them, and would keep what it has to answer for ever.
 */
export const notFound: Door = {
  name: "zz_not_found",
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  route: "{*path}",
};
