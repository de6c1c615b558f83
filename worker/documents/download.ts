import { NonRetriableError } from "inngest";

/** Largest document accepted, in bytes. */
export const DOWNLOAD_LIMIT = 1024 ** 3;
/** Longest time for a whole download, in milliseconds. */
const DOWNLOAD_TIMEOUT = 10 * 60_000;

/**
 * Opens a document for streaming; the stream fails once it is longer than `limit` bytes.
 *
 * @throws NonRetriableError when trying again cannot help: another scheme than http and https, a 4xx answer, too large.
 * @throws Error when it can: no connection, a 5xx answer, 408, 425 or 429.
 */
export async function download(url: string, limit = DOWNLOAD_LIMIT): Promise<ReadableStream<Uint8Array>> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new NonRetriableError(
      `url must be an http:// or https:// address, got a ${URL.parse(url)?.protocol ?? "text"} one.`,
    );
  }
  const shown = withoutSecrets(url);
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT) });
  if (!response.ok) {
    await response.body?.cancel();
    const message = `GET ${shown} answered ${response.status}.`;
    const final = response.status < 500 && ![408, 425, 429].includes(response.status);
    throw final ? new NonRetriableError(message) : new Error(message);
  }
  const tooLarge = () => new NonRetriableError(`GET ${shown} gives more than the ${limit} bytes that are accepted.`);
  if (Number(response.headers.get("content-length")) > limit) {
    await response.body?.cancel();
    throw tooLarge();
  }
  let received = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received > limit) controller.error(tooLarge());
      else controller.enqueue(chunk);
    },
  });
  return (response.body ?? new Blob().stream()).pipeThrough(counter);
}

/** The address as it may be shown in errors and logs: query and credentials may be secrets. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
