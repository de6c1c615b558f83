import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect } from "node:net";

/** What came back from the gateway. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One request, its path and Host as they are given; over TLS with `tls`. */
export function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
  tls?: { servername: string; ca: Buffer },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers, timeout: 30_000 };
    const call = tls ? secureRequest({ ...options, ...tls, agent: false }) : request({ ...options, agent: false });
    call.once("error", reject).once("response", (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.once("error", reject);
    });
    call.end(body);
  });
}

/** The status of every answer to bytes that need be no request at all; none where the gateway hangs up. */
export function askRaw(port: number, bytes: Buffer): Promise<number[]> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    const done = () => {
      socket.destroy();
      resolve([...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status)));
    };
    socket.setTimeout(10_000, done);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.once("close", done).once("error", done);
  });
}

/** Numbers that look random and are the same each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE", "PROPFIND", "get", "G\tET", "CONNECT", ""];
const known = [
  "e",
  "v0",
  "gql",
  "v1",
  "v2",
  "api",
  "operations",
  "events",
  "runs",
  "invoke",
  "mcp",
  "debug",
  "pprof",
  "cmdline",
  "vars",
  "metrics",
  "fn",
  "register",
  "dev",
  "traces",
  "connect",
  "envs",
  "conns",
  "maintenance",
  "drain",
  "test",
  "health",
  "key",
  "app-fn",
  "assets",
  "index.html",
];
const segments = [
  "..",
  ".",
  "",
  "%2e%2e",
  "%2E.",
  "..%2f",
  "%2f",
  "%5c..",
  "\\..",
  "%00",
  "%0d%0aX: y",
  "%u002e",
  "%c0%ae%c0%ae",
  "..;",
  ";",
  "*",
  "%",
  "%zz",
  "é",
  "\u0001",
  "{http.request.host}",
  "{env.CADDYFILE}",
  "{file./tmp/Caddyfile}",
  "GQL",
  "a".repeat(300),
];
const hosts = [
  "localhost:PORT",
  "127.0.0.1:PORT",
  "[::1]:PORT",
  "evil.example",
  "localhost.evil.example",
  "",
  "server:8288",
];
const origins = [
  "http://evil.example",
  "null",
  "http://localhost:1",
  "http://localhost:PORT",
  "http://localhost:PORT.evil",
  "*",
];
const names = [
  "Authorization",
  "X-Forwarded-Host",
  "X-Original-URL",
  "X-HTTP-Method-Override",
  "Forwarded",
  "Connection",
];
const values = [
  "Bearer x",
  "Bearer ",
  "Basic !!",
  "Basic YWRtaW46",
  "Basic OmFkbWlu",
  "Digest a=b",
  "localhost",
  "GET",
  "/debug/vars",
  "Authorization",
  "\u0000",
  "a".repeat(5000),
  "for=127.0.0.1",
];
const tails = [
  "",
  "Content-Length: 5\r\n\r\nhello",
  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /debug/vars HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
  "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
  "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
  "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
  "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
];

/** A request that nobody should send, without any key or password that is good. */
export function hostileRequest(port: number, random: () => number): Buffer {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  // Most are made of names that the server knows: what only looks odd does not come far.
  const path = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random() < 0.7 ? known : segments)).join(
    random() < 0.1 ? "//" : "/",
  );
  const target = `${random() < 0.05 ? "http://evil.example" : ""}/${path}${random() < 0.2 ? "?a=/../b&api=true" : ""}`;
  const method = random() < 0.7 ? pick(methods.slice(0, 8)) : pick(methods);
  const lines = [`${method} ${target} HTTP/1.${random() < 0.1 ? 0 : 1}`];
  if (random() < 0.98) lines.push(`Host: ${random() < 0.7 ? "localhost:PORT" : pick(hosts)}`);
  if (random() < 0.3) lines.push(`Origin: ${pick(origins)}`);
  if (random() < 0.1) lines.push(`Sec-Fetch-Site: ${pick(["cross-site", "none", "x"])}`);
  while (random() < 0.4) lines.push(`${pick(names)}: ${pick(values)}`);
  const tail = random() < 0.3 ? pick(tails) : "";
  const text = `${lines.join("\r\n")}\r\n${tail}${tail.includes("\r\n\r\n") ? "" : "\r\n"}`;
  return Buffer.from(text.replaceAll("PORT", String(port)), random() < 0.5 ? "utf8" : "latin1");
}
