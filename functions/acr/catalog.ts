import type { Door } from "../door.ts";

/** The repositories of a registry, as Azure Container Registry lists them. */
export const acrCatalog: Door = {
  name: "acr_catalog",
  methods: ["GET"],
  route: "acr/v1/_catalog",
};
