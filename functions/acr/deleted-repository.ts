import type { Door } from "../door.ts";

/** A deleted repository: restores it, or gives it up. */
export const acrDeletedRepository: Door = {
  name: "acr_deleted_repository",
  methods: ["POST", "DELETE"],
  route: "acr/v1/_deleted/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*$)}",
};
