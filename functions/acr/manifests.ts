import type { Door } from "../door.ts";

/** The manifests of a repository, with all that is known of them. */
export const acrManifests: Door = {
  name: "acr_manifests",
  methods: ["GET"],
  route: "acr/v1/{*path:regex(^[^_/][^/]*(/[^_/][^/]*)*/_manifests$)}",
};
