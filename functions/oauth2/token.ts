import type { Door } from "../door.ts";

/** Access tokens and refresh tokens. */
export const oauth2Token: Door = {
  name: "oauth2_token",
  methods: ["GET", "POST"],
  route: "oauth2/token",
};
