import type { Door } from "../door.ts";

/** A deleted tag: gives it up. */
export const acrDeletedTag: Door = {
  name: "acr_deleted_tag",
  methods: ["DELETE"],
  route: "acr/v1/_deleted/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_tags/[^/]+$)}",
};
