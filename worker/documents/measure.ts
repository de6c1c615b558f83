import { createHash } from "node:crypto";

/** What `process-task` computes from a document: its bytes, line feeds and SHA-256. Replace it with your own work. */
export async function measure(document: AsyncIterable<Uint8Array>) {
  const hash = createHash("sha256");
  let bytes = 0;
  let lines = 0;
  for await (const chunk of document) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    for (const byte of chunk) if (byte === 0x0a) lines++;
  }
  return { bytes, lines, sha256: hash.digest("hex") };
}
