import type { Door } from "../door.ts";

/** A deleted manifest: restores it, or gives it up. */
export const acrDeletedManifest: Door = {
  name: "acr_deleted_manifest",
  methods: ["POST", "DELETE"],
  route: "acr/v1/_deleted/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_manifests/[^/]+$)}",
};
