import type { Door } from "./door.ts";

/** The manifests that refer to another. */
export const referrers: Door = {
  name: "v2_referrers",
  methods: ["GET", "HEAD"],
  route: "v2/{*path:regex(^.+/referrers/[^/]+$)}",
};
