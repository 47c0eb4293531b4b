import type { Door } from "./door.ts";

/** The tags of a repository. */
export const tags: Door = {
  name: "v2_tags",
  methods: ["GET", "HEAD"],
  route: "v2/{*path:regex(^.+/tags/list$)}",
};
