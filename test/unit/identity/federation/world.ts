import { ids, partitions } from "../../../../shared/catalog/keys.ts";
import type { RegistryDocument } from "../../../../shared/catalog/registry-documents.ts";
import { RegistryError } from "../../../../shared/domain/errors.ts";
import type { TrustRuleDocument } from "../../../../shared/identity/documents.ts";
import { Federation } from "../../../../shared/identity/federation/federation.ts";
import type { EntraSettings } from "../../../../shared/identity/federation/settings.ts";
import { AskedIssuers } from "../../../support/asked-issuers.ts";
import { openMemoryPorts } from "../../../support/memory-ports.ts";
import { OidcIssuer } from "../../../support/oidc-issuer.ts";

export const registry = { kind: "registry", name: "local", rid: "R1", state: "live" } as RegistryDocument;

/** A registry whose trust rules a test writes, with an issuer of the given URL. */
export async function openWorld(options: { url?: string; entra?: EntraSettings; alg?: string } = {}) {
  const { ports, clock } = openMemoryPorts();
  const issuer = new OidcIssuer(() => clock.now(), options.url);
  // Such a key is made in no time.
  await issuer.addKey(options.alg ?? "ES256");
  const issuers = new AskedIssuers();
  issuers.add(issuer);
  const federation = new Federation(ports, issuers, options.entra);
  const trust = async (rule: Partial<TrustRuleDocument> = {}, rid = registry.rid) => {
    const name = rule.name ?? "ci-main";
    const document: TrustRuleDocument = {
      id: ids.trustRule(name),
      kind: "trust-rule",
      schema: 1,
      writer: "test",
      name,
      issuer: issuer.url,
      audience: "https://registry.example",
      conditions: [{ claim: "sub", values: ["somebody"] }],
      scopeMap: "_repositories_push",
      status: "enabled",
      createdAt: clock.now(),
      changedAt: clock.now(),
      ...rule,
    };
    await ports.documents.commit(partitions.registry(rid), [{ op: "upsert", document }]);
  };
  return {
    ports,
    clock,
    issuer,
    issuers,
    federation,
    trust,
    /** Whom the token is of, or what the refusal says: its code and its message. */
    outcome: async (token: string) => {
      try {
        return await federation.principalOf(registry, token);
      } catch (error) {
        if (error instanceof RegistryError) return `${error.code}: ${error.message}`;
        throw error;
      }
    },
  };
}

/** A world with one rule, and the claims of a token that meets it. */
export async function openTrusting(options: Parameters<typeof openWorld>[0] = {}) {
  const world = await openWorld(options);
  await world.trust();
  const now = Math.floor(world.clock.now() / 1000);
  const good = {
    iss: world.issuer.url,
    aud: "https://registry.example",
    sub: "somebody",
    iat: now,
    exp: now + 60,
  };
  return { ...world, now, good };
}

/** A part of a token that is made by hand. */
export const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
