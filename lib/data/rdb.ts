import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { Problem } from "../problem.ts";

/**
 * Reads the header of a Redis snapshot and verifies its checksum, as Redis itself does.
 * Format: https://github.com/redis/redis/blob/7.2/src/rdb.h
 *
 * @returns `keys` in database 0, which the server uses
 * @throws {Problem} when the file is not a snapshot, or is damaged
 */
export async function readSnapshot(file: string): Promise<{ redisVersion: string; keys: number }> {
  const size = statSync(file).size;
  const start = Buffer.alloc(Math.min(size, 65_536));
  const end = Buffer.alloc(8);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, start, 0, start.length, 0);
    readSync(descriptor, end, 0, 8, Math.max(0, size - 8));
  } finally {
    closeSync(descriptor);
  }
  if (!/^REDIS\d{4}$/.test(start.toString("latin1", 0, 9))) throw new Problem("it is not a Redis snapshot");
  const expected = end.readBigUInt64LE();
  // Redis writes 0 when checksums are disabled.
  if (expected !== 0n && (await checksum(file, size - 8)) !== expected) {
    throw new Problem("its checksum does not match its content");
  }
  return headerOf(start);
}

/** Reads what is in front of a snapshot's first key. */
function headerOf(bytes: Buffer): { redisVersion: string; keys: number } {
  let at = 9;
  /** A length in 6, 14, 32 or 64 bits. */
  const length = () => {
    const first = bytes.readUInt8(at++);
    if (first < 0x40) return first;
    if (first < 0x80) return ((first & 0x3f) << 8) | bytes.readUInt8(at++);
    const width = first === 0x80 ? 4 : 8;
    at += width;
    return width === 4 ? bytes.readUInt32BE(at - width) : Number(bytes.readBigUInt64BE(at - width));
  };
  /** A string, which may be stored as an integer of 1, 2 or 4 bytes. */
  const text = () => {
    const width = { 192: 1, 193: 2, 194: 4 }[bytes.readUInt8(at)];
    if (width) at++;
    const size = width ?? length();
    at += size;
    return width ? String(bytes.readIntLE(at - size, size)) : bytes.toString("utf8", at - size, at);
  };
  const found = { redisVersion: "", keys: 0 };
  for (;;) {
    const kind = bytes.readUInt8(at++);
    if (kind === 0xfa) {
      const [name, value] = [text(), text()];
      if (name === "redis-ver") found.redisVersion = value;
    } else if (kind === 0xf5) text();
    else if (kind === 0xfe) length();
    else return kind === 0xfb ? { ...found, keys: length() } : found;
  }
}

/** Lookup table of Redis' CRC-64 (Jones, reflected); each value is a low and a high half. */
const table = Uint32Array.from({ length: 512 }, (_, index) => {
  let value = BigInt(index >> 1);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x95ac9329ac4bc9b5n : value >> 1n;
  return Number(index & 1 ? value >> 32n : value & 0xffffffffn);
});

/** Redis' CRC-64 of the first `count` bytes of a file. */
export async function checksum(file: string, count: number): Promise<bigint> {
  let low = 0;
  let high = 0;
  if (count <= 0) return 0n;
  for await (const chunk of createReadStream(file, { end: count - 1 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      const index = ((low ^ byte) & 0xff) << 1;
      low = (((low >>> 8) | (high << 24)) ^ (table[index] as number)) >>> 0;
      high = ((high >>> 8) ^ (table[index + 1] as number)) >>> 0;
    }
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
