// Repeats a part of the CLI's Inngest API client on purpose: this folder is a template to copy, so it depends on nothing outside.
import { inngest, signingKeys } from "../client.ts";

/** What starts a function. A conditional event has its expression in `if`. */
export type Trigger = { event: string; if?: string } | { cron: string };

/** A function as the app declares it or as the server lists it. Without triggers it is only invoked. */
export interface ListedFunction {
  id: string;
  triggers: Trigger[];
}

const timeoutMs = 10_000;

interface FunctionsPage {
  data?: { id: string; triggers?: { type: string; value: string; if?: string }[] }[];
  page: { hasMore?: boolean; cursor?: string };
}

/** The functions that the server has for this app; none when it does not know the app. */
export async function listFunctions(): Promise<ListedFunction[]> {
  const functions: ListedFunction[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "100", ...(cursor && { cursor }) });
    const { data, page } = await get<FunctionsPage>(`/v2/apps/${inngest.id}/functions?${query}`);
    for (const { id, triggers = [] } of data ?? []) {
      const toTrigger = ({ type, value, if: condition }: (typeof triggers)[number]): Trigger =>
        type.toLowerCase() === "cron" ? { cron: value } : { event: value, if: condition };
      functions.push({ id, triggers: triggers.map(toTrigger) });
    }
    cursor = page.hasMore ? page.cursor : undefined;
  } while (cursor);
  return functions;
}

/** When the function's last run was queued; `undefined` when it has never run. */
export async function lastRunOf(functionId: string): Promise<Date | undefined> {
  const query = new URLSearchParams({ appId: inngest.id, functionId, limit: "1" });
  const { data } = await get<{ data?: { queuedAt: string }[] }>(`/v2/runs?${query}`);
  return data?.[0] && new Date(data[0].queuedAt);
}

/** When this app first registered. */
export async function appCreatedAt(): Promise<Date> {
  const { data } = await get<{ data: { createdAt: string } }>(`/v2/apps/${inngest.id}`);
  return new Date(data.createdAt);
}

/** Checks that the server's process answers, which says nothing about its database. @throws {Error} when it does not */
export async function pingServer(): Promise<void> {
  const response = await fetch(new URL("/health", inngest.apiBaseUrl), { signal: AbortSignal.timeout(timeoutMs) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`GET /health answered ${response.status}.`);
}

/** Number of items in the server's queues, from its Prometheus metrics. A gateway requires the signing key for these. */
export async function queueDepth(): Promise<number> {
  const response = await request("/metrics");
  const depth = /^inngest_queue_depth (\S+)$/m.exec(await response.text())?.[1];
  if (depth === undefined) throw new Error(`GET /metrics answered ${response.status} without inngest_queue_depth.`);
  return Number(depth);
}

async function get<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T;
}

async function request(path: string): Promise<Response> {
  let status = 0;
  for (const key of signingKeys()) {
    const response = await fetch(new URL(path, inngest.apiBaseUrl), {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return response;
    status = response.status;
    await response.body?.cancel();
    if (status !== 401 && status !== 403) break;
  }
  throw new Error(`The server answered ${status} to GET ${path.split("?")[0]}.`);
}
