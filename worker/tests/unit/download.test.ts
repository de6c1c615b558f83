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

test.each([400, 401, 404, 410])("%i is final", async (status) => {
  web = await startWeb((_, response) => response.writeHead(status).end());
  await expect(read(web.url)).rejects.toThrow(NonRetriableError);
});

test.each([408, 429, 500, 503])("%i may be tried again", async (status) => {
  web = await startWeb((_, response) => response.writeHead(status).end());
  const failure = await read(web.url).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(NonRetriableError);
});

test("no connection may be tried again", async () => {
  const failure = await read("http://127.0.0.1:9").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(NonRetriableError);
});

test("only http and https are fetched", async () => {
  await expect(read("file:///etc/hosts")).rejects.toThrow(NonRetriableError);
});

test("a document that says it is too large is not read", async () => {
  web = await startWeb((_, response) => response.writeHead(200, { "content-length": "11" }).end("12345678901"));
  await expect(read(web.url, 10)).rejects.toThrow("more than the 10 bytes");
});

test("a document that grows too large is cut off", async () => {
  web = await startWeb((_, response) => {
    response.write("1234567");
    setTimeout(() => response.end("8901"), 20);
  });
  await expect(read(web.url, 10)).rejects.toThrow("more than the 10 bytes");
  expect(await read(web.url, 11)).toBe(11);
});
