import { administer } from "../../shared/access-admin.ts";

/** What a client logs in with. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * Makes a named token with a scope map of its own, as a manager of the registry would: in its stores, beside the process that answers.
 * @param environment the settings of that process
 * @param actions of the scope map, such as `repositories/team/app/content/read`
 */
export async function addToken(
  environment: Readonly<Record<string, string>>,
  username: string,
  actions: readonly string[],
): Promise<Login> {
  return await administer(environment, undefined, async (admin) => {
    await admin.createScopeMap({ name: username, actions });
    const { credentials } = await admin.createToken({
      name: username,
      scopeMap: username,
      passwords: ["password1"],
    });
    const { password1: password } = credentials.passwords;
    if (password === undefined) throw new Error(`the token ${username} has no password`);
    return { username, password };
  });
}
