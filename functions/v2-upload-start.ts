import type { Door } from "./door.ts";

/** The beginning of an upload, a mount, or a blob in one request. */
export const uploadStart: Door = {
  name: "v2_upload_start",
  methods: ["POST"],
  route: "v2/{*path:regex(^.+/blobs/uploads/?$)}",
};
