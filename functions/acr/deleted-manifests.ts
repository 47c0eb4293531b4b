import type { Door } from "../door.ts";

/** The manifests that can be restored. */
export const acrDeletedManifests: Door = {
  name: "acr_deleted_manifests",
  methods: ["GET"],
  route: "acr/v1/_deleted/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_manifests$)}",
};
