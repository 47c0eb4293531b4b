import { replaceRegistry } from "../catalog/registries.ts";
import type { RegistryAuth } from "../domain/access/registry-auth.ts";
import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Makes worthless what was granted under any of these keys: every process refuses such access tokens within
 * `registryStaleSecondsMax`. To be called after the change that it announces, so that whoever sees this sees that. Refresh tokens
 * need none of it: they are looked up again each time.
 * @param keys of `revocationKeys`
 */
export async function revoke(ports: Ports, rid: string, keys: readonly string[]): Promise<void> {
  await changeAuth(ports, rid, (auth) => withRevoked(ports, auth, keys));
}

/** What a registry says of revocations once these keys are revoked as well, for the commit that makes it true. */
export function withRevoked(
  ports: Pick<Ports, "clock" | "graces">,
  auth: RegistryAuth | undefined,
  keys: readonly string[],
): RegistryAuth {
  const now = ports.clock.now();
  const epoch = (auth?.epoch ?? 0) + 1;
  // After the life of an access token, and the time until the last process has seen this, nothing is left to refuse: to refuse all that
  // is older is to refuse nothing more. It matters where the clock is wrong by which they seem to be over.
  const { accessTokenSecondsMax, endedTokenSeconds, registryStaleSecondsMax } = limits;
  const seconds =
    accessTokenSecondsMax + endedTokenSeconds + registryStaleSecondsMax + ports.graces.skewSeconds;
  const others = (auth?.revoked ?? []).filter(({ key }) => !keys.includes(key));
  const since = now - seconds * 1000;
  const kept = others.filter(({ at }) => at > since);
  const over = others.filter(({ at }) => at <= since);
  const revoked = [...kept, ...keys.map((key) => ({ key, epoch, at: now }))];
  if (revoked.length > limits.revocationsMax) return { ...auth, epoch, refusedBelow: epoch, revoked: [] };
  const refusedBelow = Math.max(auth?.refusedBelow ?? 0, ...over.map((entry) => entry.epoch));
  return { ...auth, epoch, ...(refusedBelow > 0 ? { refusedBelow } : {}), revoked };
}

/** Makes all tokens of the registry worthless, access and refresh tokens; passwords stay. */
export async function revokeAll(ports: Ports, rid: string): Promise<void> {
  await changeAuth(ports, rid, (auth) => {
    const epoch = auth.epoch + 1;
    return { epoch, refusedBelow: epoch, sessionsRefusedBelow: epoch };
  });
}

/** Whether an access token of that epoch, which depends on these keys, is refused. */
export function isRevoked(auth: RegistryAuth | undefined, epoch: number, keys: readonly string[]): boolean {
  if (auth === undefined || auth.epoch <= epoch) return false;
  if (epoch < (auth.refusedBelow ?? 0)) return true;
  return auth.revoked?.some((entry) => epoch < entry.epoch && keys.includes(entry.key)) ?? false;
}

async function changeAuth(
  ports: Ports,
  rid: string,
  change: (auth: RegistryAuth) => RegistryAuth,
): Promise<void> {
  await replaceRegistry(ports, rid, (registry) => ({
    ...registry,
    auth: change(registry.auth ?? { epoch: 0 }),
  }));
}
