import { appendFileSync, closeSync, createReadStream, fstatSync, openSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export interface DownloadOptions {
  /** Longest time without a byte, in milliseconds. @default 30000 */
  stallMs?: number | undefined;
  /** Is told how many bytes there are, and how many there will be where that is known. */
  onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

/** A source that does not give a file; its message says why. */
export class NotGiven extends Error {}

/** How often a download that is cut off goes on. Each time must have brought something. */
const maxResumes = 10;

/**
 * Downloads into `part`, from where an earlier download into it has ended, and again when it is cut off.
 *
 * @throws {NotGiven} @throws an error of the file system
 */
export async function download(address: URL, part: string, options: DownloadOptions = {}): Promise<void> {
  for (let resumes = 0; ; resumes++) {
    const before = sizeOf(part);
    try {
      return await append(address, part, before, options);
    } catch (error) {
      if (!isOfNetwork(error)) throw error;
      const after = sizeOf(part);
      if (after <= before || resumes === maxResumes) throw new NotGiven(reasonOf(error, after, options));
    }
  }
}

async function append(address: URL, part: string, have: number, options: DownloadOptions): Promise<void> {
  const { body, start, total } = await open(address, have, options);
  const file = openSync(part, start > 0 ? "a" : "w", 0o600);
  let bytes = start;
  try {
    // A stream would throw away what it has not written yet when the connection breaks.
    for await (const chunk of body) {
      appendFileSync(file, chunk);
      bytes += chunk.length;
      options.onProgress?.(bytes, total);
    }
  } finally {
    closeSync(file);
  }
}

/** A text file of a few kilobytes. @throws {NotGiven} */
export async function downloadText(address: URL, options: DownloadOptions = {}): Promise<string> {
  try {
    const { body } = await open(address, 0, options);
    return (await body.toArray()).join("");
  } catch (error) {
    if (!isOfNetwork(error)) throw error;
    throw new NotGiven(reasonOf(error, 0, options));
  }
}

interface Opened {
  body: Readable;
  /** Offset of its first byte. */
  start: number;
  /** Size of the whole file. */
  total: number | undefined;
}

/** Opens a file after its first `have` bytes, or at its beginning where that cannot be. */
async function open(address: URL, have: number, options: DownloadOptions): Promise<Opened> {
  if (address.protocol === "file:") return openLocal(fileURLToPath(address), have);
  // Loaded when something is fetched, which is rare. Unlike Node's own `fetch` it honours HTTPS_PROXY on every Node.
  const { EnvHttpProxyAgent, interceptors, request } = await import("undici");
  const timeout = options.stallMs ?? defaultStallMs;
  const { statusCode, headers, body } = await request(address, {
    dispatcher: new EnvHttpProxyAgent().compose(interceptors.redirect({ maxRedirections: 5 })),
    headersTimeout: timeout,
    bodyTimeout: timeout,
    headers: have > 0 ? { range: `bytes=${have}-` } : {},
  });
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(String(headers["content-range"])) ?? [];
  if (statusCode === 206 && Number(start) === have) return { body, start: have, total: Number(total) };
  const length = headers["content-length"];
  if (statusCode === 200) return { body, start: 0, total: length === undefined ? undefined : Number(length) };
  body.on("error", () => undefined).destroy();
  // What is here is as long as the file or longer: another file.
  if (have > 0) return open(address, 0, options);
  throw new NotGiven(`answers ${statusCode}`);
}

function openLocal(path: string, have: number): Opened {
  try {
    const fd = openSync(path, "r");
    const { size } = fstatSync(fd);
    const start = have < size ? have : 0;
    return { body: createReadStream(path, { fd, start }), start, total: size };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new NotGiven(code === "ENOENT" ? "is missing" : message);
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const defaultStallMs = 30_000;

/** Whether a connection failed, and no write into the file. */
function isOfNetwork(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code !== undefined && syscall !== "open" && syscall !== "write";
}

function reasonOf(error: unknown, bytes: number, { stallMs = defaultStallMs }: DownloadOptions): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its host is not found";
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return `nothing came for ${stallMs / 1000} s, after ${bytes} bytes`;
  }
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET") return `is cut off after ${bytes} bytes`;
  // Of several addresses of a host that all fail there is only a code.
  return message || code;
}
