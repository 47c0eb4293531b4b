import type { Door } from "../door.ts";

/** The repositories that can be restored. */
export const acrDeletedCatalog: Door = {
  name: "acr_deleted_catalog",
  methods: ["GET"],
  route: "acr/v1/_deleted/_catalog",
};
