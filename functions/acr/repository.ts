import type { Door } from "../door.ts";

/** A repository, its figures and its locks. Of its name no part begins with an underscore, and of the other routes one does. */
export const acrRepository: Door = {
  name: "acr_repository",
  methods: ["GET", "PATCH", "DELETE"],
  route: "acr/v1/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*$)}",
};
