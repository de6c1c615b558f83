import type { IncomingMessage } from "node:http";
import { vi } from "vitest";
import { inngest } from "../../client.ts";
import { startWeb, type Web } from "./web.ts";

interface Listed {
  id: string;
  triggers?: { type: string; value: string; if?: string }[];
}

interface Script {
  functions: Listed[];
  /** When each function last ran, by its id. */
  lastRuns: Record<string, Date>;
  appCreatedAt: Date;
  registrations: number;
  /** Called when the app registers; returns the status of the answer. */
  onRegister: () => number;
}

export type Api = Script & Web;

/** The part of the server's API that the worker uses, scripted. It becomes `INNGEST_BASE_URL`. */
export async function startApi(): Promise<Api> {
  const api: Script = {
    functions: [],
    lastRuns: {},
    appCreatedAt: new Date(),
    registrations: 0,
    onRegister: () => 200,
  };
  const web = await startWeb((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://api");
    const json = (value: unknown) => response.end(JSON.stringify(value));
    if (pathname === "/health") return response.end("{}");
    if (pathname === "/metrics") return response.end("inngest_queue_depth 3\n");
    if (pathname === "/fn/register") {
      api.registrations++;
      const status = api.onRegister();
      response.writeHead(status);
      return json(status === 200 ? { ok: true, modified: true } : { error: "scripted failure", status });
    }
    if (!authorized(request)) return response.writeHead(401).end();
    if (pathname.endsWith("/functions")) return json({ data: api.functions, page: { limit: 100 } });
    if (pathname.startsWith("/v2/apps/")) return json({ data: { createdAt: api.appCreatedAt.toISOString() } });
    if (pathname === "/v2/runs") {
      const last = api.lastRuns[searchParams.get("functionId") ?? ""];
      return json({ data: last ? [{ queuedAt: last.toISOString() }] : undefined, page: {} });
    }
    return response.writeHead(404).end();
  });
  vi.stubEnv("INNGEST_BASE_URL", web.url);
  inngest.setEnvVars(process.env);
  return Object.assign(api, web);
}

function authorized(request: IncomingMessage): boolean {
  return request.headers.authorization === `Bearer ${process.env.INNGEST_SIGNING_KEY}`;
}
