/**
 * Where the secret keys of the deployment are kept: text that only the registry may read, a few KiB at most. On Azure it is a
 * secret in Key Vault, on one machine a file of its owner (mode 0600).
 *
 * The last write wins; whoever writes takes care that nobody else does, by a job lease.
 */
export interface KeyStore {
  /** What was written last, or undefined when nothing was. @throws RegistryError UNAVAILABLE */
  read(): Promise<string | undefined>;
  /** Durable when it resolves. @throws RegistryError UNAVAILABLE */
  write(text: string): Promise<void>;
}
