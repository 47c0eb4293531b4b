import type { Door } from "./door.ts";

/** Manifests, by tag or by digest. */
export const manifest: Door = {
  name: "v2_manifest",
  methods: ["GET", "HEAD", "PUT", "DELETE"],
  route: "v2/{*path:regex(^.+/manifests/[^/]+$)}",
};
