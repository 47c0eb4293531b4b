import type { Door } from "../door.ts";

/** The tags that can be restored. */
export const acrDeletedTags: Door = {
  name: "acr_deleted_tags",
  methods: ["GET"],
  route: "acr/v1/_deleted/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_tags$)}",
};
