import { NonRetriableError } from "inngest";

/** Largest document accepted. */
const maxDownloadBytes = 1024 ** 3;
/** How long the whole download may take. */
const timeoutMs = 10 * 60_000;

/**
 * Opens a document for streaming; the stream fails once it exceeds `maxBytes`.
 *
 * @throws {NonRetriableError} when a retry cannot help: a scheme other than http and https, a 4xx answer, too large a document
 * @throws {Error} when a retry can help: no connection, a 5xx answer, 408, 425 or 429
 */
export async function download(url: string, maxBytes = maxDownloadBytes): Promise<ReadableStream<Uint8Array>> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new NonRetriableError(
      `url must be an http:// or https:// address, got ${URL.parse(url)?.protocol ?? "text without a scheme"}.`,
    );
  }
  const shown = withoutSecrets(url);
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) {
    await response.body?.cancel();
    const message = `GET ${shown} answered ${response.status}.`;
    const isFinal = response.status < 500 && ![408, 425, 429].includes(response.status);
    throw isFinal ? new NonRetriableError(message) : new Error(message);
  }
  const tooLarge = () =>
    new NonRetriableError(`GET ${shown} answered with more than the ${maxBytes} bytes that are accepted.`);
  if (Number(response.headers.get("content-length")) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  let received = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received > maxBytes) controller.error(tooLarge());
      else controller.enqueue(chunk);
    },
  });
  return (response.body ?? new Blob().stream()).pipeThrough(counter);
}

/** The address as shown in errors and logs: its query and credentials may be secrets. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
