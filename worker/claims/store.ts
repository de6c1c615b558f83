import { createHash } from "node:crypto";
import { NonRetriableError } from "inngest";
import { createStorage, type Driver, type Storage } from "unstorage";
import type { z } from "zod";
import type { claimSchema } from "../events.ts";

/** What a step returns instead of large data: a reference to it, and what is needed to verify it. */
export type Claim = z.infer<typeof claimSchema>;

export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Size in bytes of the parts that data is stored in, so that every driver can stream with little memory. */
export const partSize = 4 * 1024 ** 2;
const defaultLifetimeMs = 7 * 24 * 3_600_000;

/** The data of a claim is missing or altered. A retry cannot help, so the run fails at once. */
export class ClaimError extends NonRetriableError {
  override readonly name = "ClaimError";
}

/**
 * Stores large data outside the server's run state.
 *
 * Keys begin with the hour of expiry, an order that every driver can list in: expired data is found without an index, even if
 * a killed worker has left it incomplete, and even if a listing ends after 1,000 keys, as S3's does. Keys contain no slashes,
 * so a file store leaves no empty folders behind.
 */
export class ClaimStore {
  readonly #storage: Storage;

  constructor(driver: Driver) {
    this.#storage = createStorage({ driver });
  }

  /**
   * Stores data and returns the claim for it.
   *
   * @param name letters, digits, `.`, `_` and `-`. With the run's id in it (`${runId}.document`), a retried step overwrites its
   *   earlier attempt.
   * @throws {ClaimError} when the name has other characters
   */
  async put(name: string, content: Content, { lifetimeMs = defaultLifetimeMs } = {}): Promise<Claim> {
    if (!/^[\w.-]+$/.test(name)) {
      throw new ClaimError(`"${name}" cannot name a claim: use letters, digits, ".", "_" and "-".`);
    }
    const expiresAt = new Date(Date.now() + lifetimeMs);
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
   * Streams the data of a claim. Size and SHA-256 are verified at the end of the stream, so do not use its result before that.
   * For data that fits into memory, `read` is simpler.
   *
   * @throws {ClaimError} when the data is missing or altered
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
        `Claim ${claim.reference} was altered in the store: its size or SHA-256 differs. Run the step that made it again.`,
      );
    }
  }

  /** The data of a claim, verified. @throws {ClaimError} when it is missing or altered */
  async read(claim: Claim): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.open(claim)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Removes a claim's data before it expires; data that is already gone is not an error. */
  async remove(claim: Claim): Promise<void> {
    for (let index = 0; index * partSize < claim.bytes; index++) {
      await this.#storage.removeItem(partKey(claim.reference, index));
    }
  }

  /** Removes everything whose hour of expiry has passed, and returns the number of parts removed. */
  async removeExpired(now = new Date()): Promise<number> {
    let removed = 0;
    for (;;) {
      const keys = await this.#storage.getKeys();
      const expired = keys.filter((key) => key.slice(0, hourDigits) < hourOf(now));
      for (const key of expired) await this.#storage.removeItem(key);
      removed += expired.length;
      if (expired.length === 0) return removed;
    }
  }

  /** Names of the claims that begin with `prefix`. */
  async names(prefix: string): Promise<string[]> {
    const keys = await this.#keysOf(prefix);
    return keys.filter((key) => key.endsWith(".part0")).map((key) => key.slice(nameStart, -".part0".length));
  }

  /** Removes every claim whose name begins with `prefix`. */
  async removeNamed(prefix: string): Promise<void> {
    for (const key of await this.#keysOf(prefix)) await this.#storage.removeItem(key);
  }

  /** Checks that the store answers. @throws {Error} with the driver's reason when it does not */
  async check(): Promise<void> {
    await this.#storage.hasItem("check");
  }

  async dispose(): Promise<void> {
    await this.#storage.dispose();
  }

  async #keysOf(prefix: string): Promise<string[]> {
    return (await this.#storage.getKeys()).filter((key) => key.startsWith(prefix, nameStart));
  }
}

const hourDigits = "YYYYMMDDHH".length;
/** Where a claim's name begins in its key. */
const nameStart = hourDigits + "-".length;

function hourOf(time: Date): string {
  return time.toISOString().replaceAll(/\D/g, "").slice(0, hourDigits);
}

function partKey(reference: string, index: number): string {
  return `${reference}.part${index}`;
}

function missing(claim: Claim): ClaimError {
  return new ClaimError(
    `Claim ${claim.reference} is gone: it expired at ${claim.expiresAt}, or a worker with another CLAIM_STORE made it.`,
  );
}

async function* inParts(content: Content): AsyncGenerator<Uint8Array> {
  const chunks = typeof content === "string" || content instanceof Uint8Array ? [Buffer.from(content)] : content;
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    pending.push(chunk);
    size += chunk.byteLength;
    if (size < partSize) continue;
    const joined = Buffer.concat(pending);
    let start = 0;
    for (; joined.byteLength - start >= partSize; start += partSize) yield joined.subarray(start, start + partSize);
    pending = [joined.subarray(start)];
    size = joined.byteLength - start;
  }
  if (size > 0) yield Buffer.concat(pending);
}
