import { generateKeyPairSync, sign } from "node:crypto";
import type { Certificate } from "../../emulators/azurite.ts";

/**
 * A certificate for 127.0.0.1 that signs itself and is good for an hour, built by hand since Node makes none.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function loopbackCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(objectId("550403"), tagged(0x0c, Buffer.from("127.0.0.1")))));
  const hour = 3_600_000;
  const algorithm = sequence(objectId("2a8648ce3d040302"));
  const content = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(Date.now() - hour), time(Date.now() + hour)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(certificateAuthority(), addresses([127, 0, 0, 1]))),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = sequence(
    content,
    algorithm,
    tagged(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** basicConstraints: it is its own authority. */
function certificateAuthority(): Buffer {
  const constraints = sequence(tagged(0x01, Buffer.from([0xff])));
  return sequence(objectId("551d13"), tagged(0x01, Buffer.from([0xff])), tagged(0x04, constraints));
}

/** subjectAltName of one IP address. */
function addresses(address: readonly number[]): Buffer {
  return sequence(objectId("551d11"), tagged(0x04, sequence(tagged(0x87, Buffer.from(address)))));
}

/** UTCTime. */
function time(millis: number): Buffer {
  const digits = new Date(millis)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-T:]/g, "");
  return tagged(0x17, Buffer.from(digits.slice(2)));
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(part: Buffer): Buffer {
  return tagged(0x31, part);
}

/** DER: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
