import { inngest } from "../client.ts";

/** How long the server may take to answer, in milliseconds. */
const TIMEOUT = 10_000;

/** A trigger as both sides can be compared: `event task/process`, `cron 0 * * * *`, with ` if …` when it is conditional. */
export type TriggerText = string;

export interface ServerFunction {
  id: string;
  triggers: TriggerText[];
}

interface Page {
  hasMore?: boolean;
  cursor?: string;
}

interface FunctionsAnswer {
  // A function that is only invoked has no triggers at all.
  data?: { id: string; triggers?: { type: string; value: string; if?: string }[] }[];
  page: Page;
}

/** The functions that the server has for this app; none when it does not know the app. */
export async function listFunctions(): Promise<ServerFunction[]> {
  const found: ServerFunction[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "100", ...(cursor && { cursor }) });
    const answer = await get<FunctionsAnswer>(`/v2/apps/${inngest.id}/functions?${query}`);
    for (const { id, triggers = [] } of answer.data ?? []) {
      found.push({ id, triggers: triggers.map((each) => triggerText(each.type, each.value, each.if)) });
    }
    cursor = answer.page.hasMore ? answer.page.cursor : undefined;
  } while (cursor);
  return found;
}

/** When the function last started a run, or undefined when it never did. */
export async function lastRunOf(functionId: string): Promise<Date | undefined> {
  const query = new URLSearchParams({ appId: inngest.id, functionId, limit: "1" });
  const { data } = await get<{ data?: { queuedAt: string }[] }>(`/v2/runs?${query}`);
  return data?.[0] && new Date(data[0].queuedAt);
}

/** When this app registered for the first time. */
export async function appCreatedAt(): Promise<Date> {
  const { data } = await get<{ data: { createdAt: string } }>(`/v2/apps/${inngest.id}`);
  return new Date(data.createdAt);
}

/** Whether the server's process answers. It says nothing of its database. @throws Error when it does not */
export async function pingServer(): Promise<void> {
  const response = await fetch(new URL("/health", inngest.apiBaseUrl), { signal: AbortSignal.timeout(TIMEOUT) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`GET /health answered ${response.status}.`);
}

/** How many items wait in the server's queues, from its Prometheus metrics; a front door gives them for the signing key. */
export async function queueDepth(): Promise<number> {
  const response = await request("/metrics");
  const depth = /^inngest_queue_depth (\S+)$/m.exec(await response.text())?.[1];
  if (depth === undefined) throw new Error(`GET /metrics answered ${response.status} without inngest_queue_depth.`);
  return Number(depth);
}

export function triggerText(type: string, value: string, condition?: string): TriggerText {
  return `${type.toLowerCase()} ${value}${condition ? ` if ${condition}` : ""}`;
}

async function get<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T;
}

async function request(path: string): Promise<Response> {
  const keys = [inngest.signingKey, inngest.signingKeyFallback].filter((key) => key !== undefined);
  let status = 0;
  for (const key of keys) {
    const response = await fetch(new URL(path, inngest.apiBaseUrl), {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.ok) return response;
    status = response.status;
    await response.body?.cancel();
    if (status !== 401 && status !== 403) break;
  }
  throw new Error(`The server answered ${status} to GET ${path.split("?")[0]}.`);
}
