/**
 * How a document or a session is stored: a fixed head, which writers read without parsing the rest, then JSON.
 *
 * ```
 * 0  8  sequence number of the write, big-endian
 * 8  6  seconds since 1970 of expiry, or 0
 * 14 2  bytes of the rank
 * 16    rank, then the JSON text in UTF-8
 * ```
 */
export interface RecordHead {
  readonly sequence: number;
  readonly expiresAt: number | undefined;
  readonly rank: string | undefined;
}

const headBytes = 16;
const twoTo32 = 2 ** 32;

/** A record without its sequence number, which is only known inside the transaction. */
export function encodeRecord(value: object, rank?: string, expiresAt?: number): Buffer {
  const json = JSON.stringify(value);
  const rankBytes = rank?.length ?? 0;
  const record = Buffer.allocUnsafeSlow(headBytes + rankBytes + Buffer.byteLength(json));
  record.fill(0, 0, 8);
  record.writeUIntBE(Math.max(0, Math.floor(expiresAt ?? 0)), 8, 6);
  record.writeUInt16BE(rankBytes, 14);
  if (rank !== undefined) record.write(rank, headBytes, "latin1");
  record.write(json, headBytes + rankBytes, "utf8");
  return record;
}

export function setSequence(record: Buffer, sequence: number): void {
  record.writeUInt32BE(Math.floor(sequence / twoTo32), 0);
  record.writeUInt32BE(sequence % twoTo32, 4);
}

export function sequenceOf(record: Uint8Array): number {
  return uint32(record, 0) * twoTo32 + uint32(record, 4);
}

export function headOf(bytes: Uint8Array): RecordHead {
  const record = asBuffer(bytes);
  const expiresAt = record.readUIntBE(8, 6);
  const rankBytes = record.readUInt16BE(14);
  return {
    sequence: sequenceOf(record),
    expiresAt: expiresAt === 0 ? undefined : expiresAt,
    rank: rankBytes === 0 ? undefined : record.toString("latin1", headBytes, headBytes + rankBytes),
  };
}

export function parseValue(bytes: Uint8Array): unknown {
  const record = asBuffer(bytes);
  return JSON.parse(record.toString("utf8", headBytes + record.readUInt16BE(14)));
}

/** The library gives a plain array for values that lie in the map, and a long-lived buffer with a length of its own. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
