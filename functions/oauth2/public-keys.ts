import type { Door } from "../door.ts";

/** The keys that verify the registry's tokens. */
export const publicKeys: Door = {
  name: "oauth2_public_keys",
  methods: ["GET", "HEAD"],
  route: ".well-known/jwks.json",
};
