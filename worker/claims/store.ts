import { createHash } from "node:crypto";
import { NonRetriableError } from "inngest";
import { createStorage, type Driver, type Storage } from "unstorage";
import type { z } from "zod";
import type { claimSchema } from "../events.ts";

/** What a step returns instead of large data: where it is, and how to know that it is still the same. */
export type Claim = z.infer<typeof claimSchema>;

export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Data is kept in parts of this many bytes, so that any driver can stream through little memory. */
export const PART_SIZE = 4 * 1024 ** 2;
/** How long a claim is kept by default, in milliseconds. */
const DEFAULT_LIFETIME = 7 * 24 * 3_600_000;

/** The data of a claim is gone, or is not what was put in. Trying again cannot help, so the run fails at once. */
export class ClaimError extends NonRetriableError {
  override readonly name = "ClaimError";
}

/**
 * Keeps large data outside of the server's run state.
 *
 * Keys begin with the hour of expiry. Every driver can list in that order, so expired data is found without an index, also
 * what a killed worker has left half written, and also by S3's listing of at most 1,000 keys. They have no folders in them,
 * so a file store leaves no empty ones behind.
 */
export class ClaimStore {
  readonly #storage: Storage;

  constructor(driver: Driver) {
    this.#storage = createStorage({ driver });
  }

  /**
   * Puts data in and gives the claim for it.
   *
   * @param name letters, digits, `.`, `_` and `-`. With the run's id in it (`${runId}.document`) a retried step writes over its
   *   own earlier try.
   */
  async put(name: string, content: Content, { lifetime = DEFAULT_LIFETIME } = {}): Promise<Claim> {
    if (!/^[\w.-]+$/.test(name)) {
      throw new ClaimError(`"${name}" cannot name a claim: use letters, digits, ".", "_" and "-".`);
    }
    const expiresAt = new Date(Date.now() + lifetime);
    const reference = `${hourOf(expiresAt)}-${name}`;
    const hash = createHash("sha256");
    let bytes = 0;
    let parts = 0;
    for await (const part of inParts(content)) {
      hash.update(part);
      bytes += part.byteLength;
      await this.#storage.setItemRaw(partKey(reference, parts++), part);
    }
    return { reference, bytes, sha256: hash.digest("hex"), expiresAt: expiresAt.toISOString() };
  }

  /**
   * Streams the data of a claim. The stream fails at its end when size or SHA-256 differ, so keep what you make of it apart
   * until then; `read` does that for data that fits into memory.
   *
   * @throws ClaimError
   */
  async *open(claim: Claim): AsyncGenerator<Uint8Array> {
    const hash = createHash("sha256");
    let bytes = 0;
    for (let index = 0; bytes < claim.bytes; index++) {
      const stored = await this.#storage.getItemRaw<Uint8Array | ArrayBuffer>(partKey(claim.reference, index));
      if (!stored) throw missing(claim);
      const part = new Uint8Array(stored);
      if (part.byteLength === 0) break;
      hash.update(part);
      bytes += part.byteLength;
      yield part;
    }
    if (bytes !== claim.bytes || hash.digest("hex") !== claim.sha256) {
      throw new ClaimError(
        `Claim ${claim.reference} is not what was put in: its size or SHA-256 differs. Run the step that made it again.`,
      );
    }
  }

  /** The whole data of a claim, verified. @throws ClaimError */
  async read(claim: Claim): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.open(claim)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Removes a claim's data before its time; a claim that is gone already is no error. */
  async remove(claim: Claim): Promise<void> {
    for (let index = 0; index * PART_SIZE < claim.bytes; index++) {
      await this.#storage.removeItem(partKey(claim.reference, index));
    }
  }

  /** Removes everything whose hour of expiry is over, and gives the number of parts that went. */
  async removeExpired(now = new Date()): Promise<number> {
    let removed = 0;
    for (;;) {
      const keys = await this.#storage.getKeys();
      const expired = keys.filter((key) => key.slice(0, HOUR_DIGITS) < hourOf(now));
      for (const key of expired) await this.#storage.removeItem(key);
      removed += expired.length;
      if (expired.length === 0) return removed;
    }
  }

  /** Names of the claims that begin so, as they were put in. */
  async names(prefix: string): Promise<string[]> {
    const keys = await this.#keysOf(prefix);
    return keys.filter((key) => key.endsWith(".part0")).map((key) => key.slice(NAME_START, -".part0".length));
  }

  /** Removes every claim whose name begins so. */
  async removeNamed(prefix: string): Promise<void> {
    for (const key of await this.#keysOf(prefix)) await this.#storage.removeItem(key);
  }

  /** Whether the store answers. @throws Error with the driver's reason */
  async check(): Promise<void> {
    await this.#storage.hasItem("check");
  }

  async dispose(): Promise<void> {
    await this.#storage.dispose();
  }

  async #keysOf(prefix: string): Promise<string[]> {
    return (await this.#storage.getKeys()).filter((key) => key.startsWith(prefix, NAME_START));
  }
}

const HOUR_DIGITS = "YYYYMMDDHH".length;
/** Where a claim's name begins in its key. */
const NAME_START = HOUR_DIGITS + "-".length;

function hourOf(time: Date): string {
  return time.toISOString().replaceAll(/\D/g, "").slice(0, HOUR_DIGITS);
}

function partKey(reference: string, index: number): string {
  return `${reference}.part${index}`;
}

function missing(claim: Claim): ClaimError {
  return new ClaimError(
    `Claim ${claim.reference} is gone: it expired at ${claim.expiresAt}, or it was made by a worker with another CLAIM_STORE.`,
  );
}

async function* inParts(content: Content): AsyncGenerator<Uint8Array> {
  const chunks = typeof content === "string" || content instanceof Uint8Array ? [Buffer.from(content)] : content;
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    size += chunk.byteLength;
    if (size < PART_SIZE) continue;
    const joined = Buffer.concat(waiting);
    let start = 0;
    for (; joined.byteLength - start >= PART_SIZE; start += PART_SIZE) yield joined.subarray(start, start + PART_SIZE);
    waiting = [joined.subarray(start)];
    size = joined.byteLength - start;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
