const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID as upper-case hex. The server stores some ULIDs as 16 bytes and some as text. */
export function hexOf(id: Uint8Array | string | null): string {
  if (id === null) return "";
  if (typeof id !== "string") return Buffer.from(id).toString("hex").toUpperCase();
  const value = [...id].reduce((sum, character) => sum * 32n + BigInt(alphabet.indexOf(character)), 0n);
  return value.toString(16).padStart(32, "0").toUpperCase();
}

export function ulidOf(hex: string): string {
  let value = BigInt(`0x${hex}`);
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

/** The time within a ULID, in milliseconds since 1970. */
export function timeOf(ulid: Uint8Array): number {
  return Number(Buffer.from(ulid).readUIntBE(0, 6));
}

/** The lowest ULID of a time in milliseconds since 1970. */
export function ulidAt(time: number): Buffer {
  const ulid = Buffer.alloc(16);
  ulid.writeUIntBE(time, 0, 6);
  return ulid;
}
