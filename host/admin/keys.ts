import { type Command, table } from "./command.ts";

/** The secret keys of the deployment. */
export const keyCommands: Readonly<Record<string, Command>> = {
  "keys list": {
    summary: "Lists the keys that tokens are signed with, and those that passwords are hashed with.",
    run: async ({ keys }) => {
      const found = await keys.list();
      const rows = [
        ...found.signing.map((key) => ["signing", key.name, key.createdAt, key.activeFrom ?? "-"]),
        ...found.hashing.map((key) => ["hashing", key.name, key.createdAt, "-"]),
      ];
      return { lines: table(["for", "key", "created", "active from"], rows), json: found };
    },
  },
  "keys rotate": {
    summary: "Makes a new key to sign tokens with; what the one before has signed works until it expires.",
    options: {
      revoke: {
        help: "the keys before were stolen: refuse all that they have signed, so everybody logs in anew",
      },
    },
    run: async ({ keys }, given) => {
      await keys.rotateSigning(given.has("revoke"));
      const how = given.has("revoke")
        ? "in use, and the keys before are refused"
        : "published, and soon in use";
      return { lines: [`a new signing key is ${how}`], json: await keys.list() };
    },
  },
  "keys replace-lost": {
    summary:
      "Makes new keys when those there were cannot be found again; all passwords and tokens are worthless then.",
    run: async ({ keys }) => {
      await keys.replaceLost();
      const next = "make the administrator's password anew: npm run admin -- administrator reset";
      return { lines: ["there are new keys, and no password works any more", next], json: await keys.list() };
    },
  },
  "keys rotate-hash": {
    summary: "Makes a new key to hash passwords with; passwords from before stay as they are.",
    options: {
      revoke: { help: "the keys before were stolen: drop them, and with them all passwords from before" },
    },
    run: async ({ keys }, given) => {
      await keys.rotateHashing(given.has("revoke"));
      const passwords = given.has("revoke") ? "are worthless; make them anew" : "work on";
      return {
        lines: [`a new hash key is in use; passwords from before ${passwords}`],
        json: await keys.list(),
      };
    },
  },
};
