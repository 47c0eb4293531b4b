import type { Door } from "./door.ts";

/** Blobs. */
export const blob: Door = {
  name: "v2_blob",
  methods: ["GET", "HEAD", "DELETE"],
  route: "v2/{*path:regex(^.+/blobs/[^/]+$)}",
};
