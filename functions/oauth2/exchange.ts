import type { Door } from "../door.ts";

/** Trades the token of a trusted issuer for a refresh token. */
export const oauth2Exchange: Door = {
  name: "oauth2_exchange",
  methods: ["POST"],
  route: "oauth2/exchange",
};
