/** Where the secret keys are. */
export type KeySettings =
  | { readonly kind: "file"; readonly path: string }
  /** `url`: of the vault, such as `https://<name>.vault.azure.net`. */
  | { readonly kind: "vault"; readonly url: string };

export interface KeyNeeds {
  /** Whether there have to be keys. */
  readonly auth: boolean;
  /** The folder where a file may be that nobody names; undefined: they have to be named. */
  readonly dataDir: string | undefined;
}

/**
 * The settings that these variables spell. `KEY_VAULT_URL` names a vault, `KEY_FILE` a file.
 * @returns undefined when nobody says where the keys are, and nobody needs them
 * @throws Error of one line that names the variable
 */
export function readKeySettings(
  env: Readonly<Record<string, string | undefined>>,
  { auth, dataDir }: KeyNeeds,
): KeySettings | undefined {
  const url = env["KEY_VAULT_URL"] ?? "";
  const path = env["KEY_FILE"] ?? "";
  if (url !== "" && path !== "") throw new Error("KEY_VAULT_URL and KEY_FILE exclude each other");
  if (url !== "") return { kind: "vault", url: checkedUrl(url) };
  // The disk there is an instance's own, and gone with it.
  const named = env["WEBSITE_SITE_NAME"] ? "" : path || (dataDir && `${dataDir}/keys.json`);
  if (named) return { kind: "file", path: named };
  if (!auth) return undefined;
  if (env["WEBSITE_SITE_NAME"]) {
    throw new Error("in Azure KEY_VAULT_URL has to say in which Key Vault the keys are");
  }
  throw new Error("KEY_VAULT_URL or KEY_FILE has to say where the keys are, the same for all instances");
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url?.protocol !== "https:" ||
    url.username !== "" ||
    `${url.pathname}${url.search}${url.hash}` !== "/"
  ) {
    throw new Error("KEY_VAULT_URL is the URL of a vault, such as https://<name>.vault.azure.net");
  }
  return url.origin;
}
