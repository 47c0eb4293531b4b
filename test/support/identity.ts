import { randomUUID } from "node:crypto";

/** What the emulator takes for an identity: it looks at issuer, audience and times of a token, not at its signature. */
export function emulatorToken(expiresInSeconds = 3_600): { token: string; expiresOnTimestamp: number } {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: "https://storage.azure.com",
    iss: `https://sts.windows.net/${randomUUID()}/`,
    iat: now - 60,
    nbf: now - 60,
    exp: now + expiresInSeconds,
    oid: randomUUID(),
    tid: randomUUID(),
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.${Buffer.from("unsigned").toString("base64url")}`;
  return { token, expiresOnTimestamp: claims.exp * 1000 };
}
