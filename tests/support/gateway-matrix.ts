import type { Outputs } from "../../lib/stack/outputs.ts";
import { type Answer, ask } from "./gateway.ts";

/** What callers of the gateway have with them. */
export const callers = [
  "nothing",
  "password",
  "wrong password",
  "signing key",
  "password, page of the gateway",
  "password, page elsewhere",
  "password, page without origin",
  "password, page on another port",
  "password, request across sites",
  "password, request of a sibling",
  "password, link elsewhere",
  "signing key, page elsewhere",
] as const;

/** Their headers. */
export function headersOf({ signingKey, dashboardPassword }: Outputs, port: number): Record<string, string>[] {
  const basic = (word: string) => ({ authorization: `Basic ${Buffer.from(`admin:${word}`).toString("base64")}` });
  const password = basic(dashboardPassword as string);
  const key = { authorization: `Bearer ${signingKey}` };
  const elsewhere = { origin: "http://evil.example" };
  return [
    {},
    password,
    basic("wrong"),
    key,
    { ...password, origin: `http://localhost:${port}` },
    { ...password, ...elsewhere },
    { ...password, origin: "null" },
    { ...password, origin: `http://localhost:${port + 1}` },
    { ...password, "sec-fetch-site": "cross-site" },
    { ...password, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
    { ...password, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    { ...key, ...elsewhere },
  ];
}

/** Statuses in the order of {@link callers}, where the one who may pass gets `served`. */
const guarded = (served: number) => [401, served, 401, 401, served, 403, 403, 403, 403, 403, served, 403];
/** The same of what no link leads to. */
const guardedCall = (served: number) => guarded(served).with(callers.indexOf("password, link elsewhere"), 403);
const keyed = (served: number) => [401, 401, 401, served, 401, 401, 401, 401, 401, 401, 401, served];
const same = (status: number) => callers.map(() => status);
/** Every kind of path, and what each caller is answered. */
export const table: [method: string, path: string, statuses: number[]][] = [
  ["GET", "/health", same(200)],
  ["GET", "/v1/events", keyed(200)],
  ["GET", "/v2/apps", keyed(200)],
  ["GET", "/api/v2/runs?limit=1", keyed(200)],
  ["GET", "/v2/keys/signing", keyed(200)],
  ["GET", "/v0/runs/01J/actions", keyed(400)],
  ["POST", "/fn/register", keyed(400)],
  ["POST", "/fn/unknown", same(404)],
  ["DELETE", "/fn/remove?url=x", keyed(404)],
  ["POST", "/e/wrong-key", same(401)],
  ["GET", "/", guarded(200)],
  ["GET", "/runs", guarded(200)],
  ["GET", "/v0", guarded(200)],
  ["GET", "/v0/gql?query=%7Bapps%7Bid%7D%7D", guarded(200)],
  ["OPTIONS", "/v0/gql", guardedCall(200)],
  ["POST", "/invoke/durable-asleep", guardedCall(400)],
  ["GET", "/mcp", guarded(400)],
  ["GET", "/v2/operations", guarded(200)],
  ["GET", "/api/v2/operations", guarded(200)],
  ["GET", "/metrics", [401, 200, 401, 200, 200, 403, 403, 403, 403, 403, 200, 200]],
  ["GET", "/debug/vars", same(404)],
  ["GET", "/debug/pprof/cmdline", same(404)],
  ["POST", "/dev/traces", same(404)],
  ["POST", "/test/reset", same(404)],
  ["GET", "/v0/connect", same(404)],
  ["POST", "/v0/connect/start", same(404)],
  ["GET", "/v0/connect/envs/x/conns", same(404)],
  ["POST", "/v0/maintenance/drain", same(404)],
  ["GET", "/unknown", same(404)],
  ["GET", "/e", same(404)],
  ["GET", "/V0/GQL", same(404)],
  ["GET", "//v0/gql", same(404)],
  ["GET", "/e/../v0/gql", same(404)],
  ["GET", "/v1/%2e%2e/v0/gql", same(404)],
  ["GET", "/v1/..%2fv0%2fgql", same(404)],
  ["GET", "/health/..;/debug/vars", same(404)],
];

/** What each caller is answered, by name. */
export async function answers(
  port: number,
  method: string,
  path: string,
  outputs: Outputs,
): Promise<Record<string, Answer>> {
  const found: Record<string, Answer> = {};
  for (const [index, headers] of headersOf(outputs, port).entries()) {
    found[callers[index] as string] = await ask(port, method, path, { host: `localhost:${port}`, ...headers });
  }
  return found;
}

/** Headers by which an answer would let pages of other origins read it. */
export function toldOrigins({ headers }: Answer): string[] {
  return Object.keys(headers).filter((name) => name.startsWith("access-control-"));
}
