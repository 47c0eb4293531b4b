import type { Door } from "../door.ts";

/** A manifest and its locks. */
export const acrManifest: Door = {
  name: "acr_manifest",
  methods: ["GET", "PATCH"],
  route: "acr/v1/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_manifests/[^/]+$)}",
};
