// Downloads from a real web server on this machine. Proves limits and which failures are retriable; not TLS or redirects.
import { NonRetriableError } from "inngest";
import { afterEach, expect, test } from "vitest";
import { download } from "../../documents/download.ts";
import { startWeb, type Web } from "../support/web.ts";

let web: Web | undefined;
afterEach(() => web?.close());

async function read(url: string, limit?: number): Promise<number> {
  let bytes = 0;
  for await (const chunk of await download(url, limit)) bytes += chunk.byteLength;
  return bytes;
}

test.each([400, 401, 404, 410])("a download answered with %i is not retried", async (status) => {
  web = await startWeb((_, response) => response.writeHead(status).end());
  await expect(read(web.url)).rejects.toThrow(NonRetriableError);
});

test.each([408, 429, 500, 503])("a download answered with %i is retried", async (status) => {
  web = await startWeb((_, response) => response.writeHead(status).end());
  const failure = await read(web.url).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(NonRetriableError);
});

test("a download without a connection is retried", async () => {
  const failure = await read("http://127.0.0.1:9").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(NonRetriableError);
});

test("a download rejects schemes other than http and https", async () => {
  await expect(read("file:///etc/hosts")).rejects.toThrow(NonRetriableError);
});

test("a download rejects a document whose declared length is too large", async () => {
  web = await startWeb((_, response) => response.writeHead(200, { "content-length": "11" }).end("12345678901"));
  await expect(read(web.url, 10)).rejects.toThrow("more than the 10 bytes");
});

test("a download is cut off when the document becomes too large", async () => {
  web = await startWeb((_, response) => {
    response.write("1234567");
    setTimeout(() => response.end("8901"), 20);
  });
  await expect(read(web.url, 10)).rejects.toThrow("more than the 10 bytes");
  expect(await read(web.url, 11)).toBe(11);
});
