import type { Door } from "../door.ts";

/** A tag and its locks. */
export const acrTag: Door = {
  name: "acr_tag",
  methods: ["GET", "PATCH", "PUT", "DELETE"],
  route: "acr/v1/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_tags/[^/]+$)}",
};
