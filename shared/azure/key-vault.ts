import { setTimeout as sleep } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import type { SecretClient, SecretClientOptions } from "@azure/keyvault-secrets";
import { RegistryError } from "../domain/errors.ts";
import type { KeyStore } from "../ports/key-store.ts";
import { azureCredential } from "./credentials.ts";

/** The name of the secret in its vault. */
export const secretName = "portolan-keys";

/** Of a call with all its attempts, and of one attempt, in ms. */
const totalMillis = 10_000;
const attemptMillisMax = 3_000;
/** Before the second attempt, in ms; twice as long before each further one. */
const firstPauseMillis = 200;
const retryAfterSeconds = 5;

export interface KeyVaultOptions {
  /** Who asks. Usually this process's identity. */
  readonly credential?: TokenCredential;
  /** More of the library's options. */
  readonly client?: Pick<SecretClientOptions, "additionalPolicies">;
  /** ms that a call may take, with all its attempts. */
  readonly totalMillis?: number;
}

/**
 * The keys as one secret of a vault. It keeps every version that was ever written; the newest counts.
 * @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
 */
export class KeyVault implements KeyStore {
  readonly #url: string;
  readonly #options: KeyVaultOptions;
  #client: Promise<SecretClient> | undefined;

  /** @param url of the vault, such as `https://<name>.vault.azure.net` */
  constructor(url: string, options: KeyVaultOptions = {}) {
    this.#url = url;
    this.#options = options;
  }

  async read(): Promise<string | undefined> {
    return await this.#call("read", async (client, abortSignal) => {
      try {
        return (await client.getSecret(secretName, { abortSignal })).value;
      } catch (error) {
        if (codeOf(error) === "SecretNotFound") return undefined;
        throw error;
      }
    });
  }

  async write(text: string): Promise<void> {
    await this.#call("write", async (client, abortSignal) => {
      await client.setSecret(secretName, text, { contentType: "application/json", abortSignal });
    });
  }

  /** Again and again, while there is time and what failed passes. The library waits for no throttling that has no end. */
  async #call<T>(
    what: string,
    attempt: (client: SecretClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const end = performance.now() + (this.#options.totalMillis ?? totalMillis);
    for (let pause = firstPauseMillis; ; pause *= 2) {
      const left = Math.max(1, Math.ceil(end - performance.now()));
      const signal = AbortSignal.timeout(Math.min(attemptMillisMax, left));
      try {
        this.#client ??= this.#open();
        return await unlessAborted(attempt(await this.#client, signal), signal);
      } catch (error) {
        if (!passes(error)) throw this.#refusal(what, error);
        const wait = Math.max(pause * (0.5 + Math.random() / 2), waitOf(error));
        if (performance.now() + wait >= end) throw unavailable(error);
        await sleep(wait);
      }
    }
  }

  /** Loads the library when it is first needed. */
  async #open(): Promise<SecretClient> {
    const { SecretClient } = await import("@azure/keyvault-secrets");
    const credential = this.#options.credential ?? (await azureCredential());
    return new SecretClient(this.#url, credential, {
      ...this.#options.client,
      retryOptions: { maxRetries: 0 },
    });
  }

  /** What somebody has to do something about. */
  #refusal(what: string, error: unknown): Error {
    const status = statusOf(error);
    if (status === undefined) return error instanceof Error ? error : new Error(String(error));
    const code = codeOf(error) ?? "";
    return new Error(
      `Key Vault does not ${what} the secret ${secretName} in ${this.#url}: ${status} ${code}${advices[code] ?? ""}`,
    );
  }
}

const advices: Readonly<Record<string, string>> = {
  ForbiddenByRbac: "; this process's identity needs the role Key Vault Secrets Officer there",
  ForbiddenByFirewall: "; the vault's firewall shuts this process out",
  ForbiddenByConnection: "; the vault takes nobody from outside its network",
  SecretDisabled: "; its newest version is disabled",
  ObjectIsDeletedButRecoverable: "; it was deleted: recover or purge it",
};

/**
 * Errors of the HTTP client, of an aborted call, and of the identity library; and what the library stumbles into when an error
 * comes without a body.
 */
const fromOutside =
  /^(RestError|AbortError|TimeoutError|AuthenticationError|AggregateAuthenticationError|CredentialUnavailableError|TypeError)$/;

function passes(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return fromOutside.test(String((error as Answer).name));
  // Two writes at once conflict; a secret that was deleted stays so.
  if (status === 409) return advices[codeOf(error) ?? ""] === undefined;
  return status === 408 || status === 429 || status >= 500;
}

/** With the name of what went wrong, for whoever has forgotten to give the process an identity. */
function unavailable(error: unknown): RegistryError {
  return new RegistryError("UNAVAILABLE", {
    message: `the registry's keys are out of reach just now: ${statusOf(error) ?? codeOf(error) ?? "unknown"}`,
    headers: { "retry-after": String(retryAfterSeconds) },
  });
}

/** ms that the service asks to wait. */
function waitOf(error: unknown): number {
  const { response } = error as { response?: { headers?: { get(name: string): string | undefined } } };
  const seconds = Number(response?.headers?.get("retry-after") ?? 0);
  return seconds > 0 ? seconds * 1000 : 0;
}

/** Ways to a token may not heed the signal: nobody hangs on them. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  running.catch(() => {});
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  return await Promise.race([running, aborted]);
}

/** Of the service's answer. */
function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { readonly statusCode?: unknown };
  return typeof statusCode === "number" ? statusCode : undefined;
}

interface Answer {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly details?: {
    readonly error?: { readonly code?: unknown; readonly innerError?: { readonly code?: unknown } };
  };
}

/** The innermost code of the service's answer, the system's, or the name of what went wrong. */
function codeOf(error: unknown): string | undefined {
  const { name, code, details } = error as Answer;
  return [details?.error?.innerError?.code, details?.error?.code, code, name].find(
    (word): word is string => typeof word === "string" && /^[A-Za-z_]{1,64}$/.test(word),
  );
}
