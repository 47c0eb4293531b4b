import type { Door } from "./door.ts";

/** An upload under way. */
export const upload: Door = {
  name: "v2_upload",
  methods: ["GET", "PATCH", "PUT", "DELETE"],
  route: "v2/{*path:regex(^.+/blobs/uploads/[^/]+$)}",
};
