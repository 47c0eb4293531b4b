import { type Command, oneOf } from "./command.ts";
import { credentialsOutput, passwordSlot, passwordText } from "./tokens.ts";

const done = (line: string, json: object = {}) => ({ lines: [line], json });

/** Users without names of their own, and those who are let in without one. */
export const userCommands: Readonly<Record<string, Command>> = {
  "admin-user show": {
    summary: "Shows whether the registry's admin user, who may do everything in it, is enabled.",
    run: async (admin) => {
      const user = await admin.showAdminUser();
      const lines = [
        `admin user  ${user.username}`,
        `status      ${user.enabled ? "enabled" : "disabled"}`,
        ...(user.enabled ? [`passwords   ${user.passwords.map(passwordText).join(", ")}`] : []),
      ];
      return { lines, json: user };
    },
  },
  "admin-user enable": {
    summary: "Enables the registry's admin user with two new passwords, and prints them once.",
    run: async (admin) => credentialsOutput(await admin.enableAdminUser()),
  },
  "admin-user disable": {
    summary: "Disables the registry's admin user; whoever uses him is out within a minute.",
    run: async (admin) => {
      await admin.disableAdminUser();
      return done("the admin user is disabled", { enabled: false });
    },
  },
  "admin-user regenerate": {
    summary: "Makes one of the admin user's passwords anew and prints it once; the one before is worthless.",
    args: ["<password1|password2>"],
    run: async (admin, { name }) =>
      credentialsOutput(await admin.regenerateAdminPassword(passwordSlot(name))),
  },
  "anonymous-pull show": {
    summary: "Shows from which repositories anybody may pull: all, selected ones or none.",
    run: async (admin) => done(admin.anonymousPull(), { anonymousPull: admin.anonymousPull() }),
  },
  "anonymous-pull set": {
    summary: "Lets anybody pull from all repositories, from selected ones or from none.",
    args: ["<all|selected|none>"],
    run: async (admin, { name }) => {
      const whom = oneOf("anonymous-pull", name, ["all", "selected", "none"]);
      await admin.setAnonymousPull(whom);
      return done(
        `anybody may pull from ${whom} ${whom === "selected" ? "repositories" : "of the repositories"}`,
        {
          anonymousPull: whom,
        },
      );
    },
  },
  "anonymous-pull repository": {
    summary:
      "Selects a repository for pulls by anybody, or takes that back; it works while `set selected` does.",
    args: ["<name>", "<on|off>"],
    run: async (admin, { name, args }) => {
      const marked = oneOf("the mark", args[1] ?? "", ["on", "off"]) === "on";
      await admin.markRepository(name, marked);
      return done(`${name} is ${marked ? "selected" : "not selected"} for pulls by anybody`, {
        repository: name,
        anonymousPull: marked,
      });
    },
  },
  "administrator reset": {
    summary: "Gives the administrator of the deployment a new password and prints it once.",
    run: async (admin) => credentialsOutput(await admin.resetAdministrator()),
  },
  "log-out-everybody": {
    summary: "Makes all tokens that the registry has issued worthless within a minute; passwords stay.",
    run: async (admin) => {
      await admin.logOutEverybody();
      return done(`everybody is logged out of ${admin.registry}`, { registry: admin.registry });
    },
  },
};
