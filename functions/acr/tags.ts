import type { Door } from "../door.ts";

/** The tags of a repository, with all that is known of them. */
export const acrTags: Door = {
  name: "acr_tags",
  methods: ["GET"],
  route: "acr/v1/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_tags$)}",
};
