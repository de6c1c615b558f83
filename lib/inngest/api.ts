import { createHmac } from "node:crypto";

/** What starts a function: an event, `if` an expression over it is true, or a schedule. */
export type Trigger = { event: string; if?: string | undefined } | { cron: string };

/** A trigger for people: `event task/process if event.data.urgent`, `cron 0 * * * *`. */
export function triggerText(trigger: Trigger): string {
  if ("cron" in trigger) return `cron ${trigger.cron}`;
  return `event ${trigger.event}${trigger.if ? ` if ${trigger.if}` : ""}`;
}

export interface ListedFunction {
  /** Id within its app. */
  id: string;
  triggers: Trigger[];
}

export interface Run {
  id: string;
  status: string;
  function: { id: string };
  /** ISO 8601, as all times here. */
  queuedAt: string;
  /** When its first step was handed out. */
  startedAt?: string;
  /** What it returned, where it was asked for. */
  output?: unknown;
}

/** Which runs are wanted; all where nothing is said. */
export interface RunFilter {
  status?: string[];
  /** A function by its app's id and its own. */
  of?: { app: string; function: string };
  withOutput?: boolean;
}

/** An attempt at a step of a run. */
export interface Step {
  id: string;
  name: string;
  status: string;
  /** How long it took so far, waiting and retries included. */
  ms: number;
  /** Why it failed, in the worker's words. */
  error?: string;
}

/** Statuses at which a run ends. */
export const endStatuses = new Set(["COMPLETED", "FAILED", "CANCELLED"]);
/** The others. */
export const flightStatuses = ["RUNNING", "QUEUED"];

/** A call that was answered with something else than success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(what: string, status: number, body: string) {
    super(`${what}: HTTP ${status}${body ? `, ${body.slice(0, 300)}` : ""}`);
    this.status = status;
  }
}

interface Answer<T> {
  data?: T | null;
  page?: { cursor?: string };
  error?: string;
  status?: number;
}

/** The server's API (v2, and v1 where that alone tells), with the stack's keys. */
export class InngestApi {
  readonly #url: string;
  readonly #signingKey: string;

  constructor(url: string, signingKey: string) {
    this.#url = url;
    this.#signingKey = signingKey;
  }

  async isHealthy(): Promise<boolean> {
    const answer = await fetch(`${this.#url}/health`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    return answer?.ok ?? false;
  }

  /**
   * Sends one event and returns the server's id for it. However often one with an `id` of its own is sent, each function
   * runs once for it. Its runs begin at `ts`, in milliseconds since 1970. @default now
   */
  async send(
    eventKey: string,
    event: { id?: string; name: string; data: Record<string, unknown>; ts?: number },
  ): Promise<string> {
    const response = await fetch(`${this.#url}/e/${eventKey}`, { method: "POST", body: JSON.stringify(event) });
    // The key is part of the path: neither the path nor the server's text about it may be shown.
    if (!response.ok) throw new ApiError("the server refused the event", response.status, "");
    const { ids } = (await response.json()) as { ids: string[] };
    return ids[0] as string;
  }

  async runsOf(eventId: string): Promise<Run[]> {
    return (await this.#get<Run[]>(`/v2/events/${eventId}/runs`)).data ?? [];
  }

  /** The newest runs, 100 at most. */
  async runs(limit: number, { status = [], of, withOutput }: RunFilter = {}): Promise<Run[]> {
    const query = new URLSearchParams([
      ["limit", String(limit)],
      ...status.map((each) => ["status", each]),
      ...(of ? Object.entries({ appId: of.app, functionId: of.function }) : []),
      ...(withOutput ? [["includeOutput", "true"]] : []),
    ]);
    return (await this.#get<Run[]>(`/v2/runs?${query}`)).data ?? [];
  }

  /** A run's steps in the order in which they began, as far as it has come. */
  async steps(runId: string): Promise<Step[]> {
    interface Span {
      id: string;
      stepId?: string;
      name: string;
      status: string;
      durationMs?: string;
      output?: { message?: unknown } | null;
    }
    const { data } = await this.#get<{ rootSpan?: { children?: Span[] } }>(
      `/v2/runs/${runId}/trace?includeOutput=true`,
    );
    // The other spans are the server's own: requests to the worker, and the end of the run.
    return (data?.rootSpan?.children ?? []).flatMap(({ id, stepId, name, status, durationMs, output }) =>
      stepId
        ? {
            id,
            name,
            status,
            ms: Number(durationMs ?? 0),
            ...(status === "FAILED" && typeof output?.message === "string" && { error: output.message }),
          }
        : [],
    );
  }

  /** Whether the queue has anything of a run, which without it waits for nothing. Throws {@link ApiError} when it cannot tell. */
  async isQueued(runId: string): Promise<boolean> {
    return ((await this.#get<unknown[]>(`/v1/runs/${runId}/jobs`)).data ?? []).length > 0;
  }

  /** Ids of every app that the server knows. */
  async apps(): Promise<string[]> {
    return ((await this.#get<{ id: string }[]>("/v2/apps")).data ?? []).map(({ id }) => id);
  }

  /** Version of the SDK that an app has registered with last; `undefined` when the server does not know it. */
  async sdkOf(appId: string): Promise<string | undefined> {
    interface App {
      latestSync?: { sdkLanguage?: string; sdkVersion?: string };
    }
    const { latestSync } = (await this.#get<App>(`/v2/apps/${encodeURIComponent(appId)}`)).data ?? {};
    return latestSync?.sdkVersion && `${latestSync.sdkLanguage ?? ""} ${latestSync.sdkVersion}`.trim();
  }

  /** Every function that the server has of an app; none when it does not know the app. */
  async functions(appId: string): Promise<ListedFunction[]> {
    interface Row {
      id: string;
      triggers?: { type: string; value: string; if?: string }[];
    }
    const found: ListedFunction[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
      const page = await this.#get<Row[]>(`/v2/apps/${encodeURIComponent(appId)}/functions${query}`);
      for (const { id, triggers = [] } of page.data ?? []) {
        found.push({ id, triggers: triggers.map(listedTrigger) });
      }
      cursor = page.page?.cursor;
    } while (cursor);
    return found;
  }

  async #get<T>(path: string): Promise<Answer<T>> {
    const response = await fetch(this.#url + path, { headers: { authorization: `Bearer ${this.#signingKey}` } });
    if (response.status === 404) return {};
    if (!response.ok) throw new ApiError(`GET ${path}`, response.status, await response.text());
    const answer = (await response.json()) as Answer<T>;
    // What goes wrong with v1 is answered with HTTP 200 (measured on 1.43.0).
    if (answer.error === undefined) return answer;
    if (answer.status === 404) return {};
    throw new ApiError(`GET ${path}`, answer.status ?? response.status, answer.error);
  }
}

/** A worker's Inngest endpoint, called as the server calls it: signed. */
export class WorkerEndpoint {
  readonly #url: string;
  readonly #signingKey: string;

  constructor(url: string, signingKey: string) {
    this.#url = url;
    this.#signingKey = signingKey;
  }

  /** Makes the worker register itself with its server. */
  async register(): Promise<void> {
    const response = await this.#put("", {});
    if (!response.ok) throw new ApiError("the worker could not register", response.status, await reasonIn(response));
  }

  /** What the worker declares, told by itself; nothing changes on the server (SDK 4.24.0, measured). */
  async declared(): Promise<{ appId: string; functions: ListedFunction[] }> {
    const body = JSON.stringify({ url: this.#url });
    const response = await this.#put(body, { "content-type": "application/json", "x-inngest-sync-kind": "in_band" });
    if (!response.ok) {
      throw new ApiError("the worker did not tell its functions", response.status, await reasonIn(response));
    }
    const declared = (await response.json()) as {
      app_id: string;
      functions: { id: string; triggers: { event?: string; cron?: string; expression?: string }[] }[];
    };
    return {
      appId: declared.app_id,
      functions: declared.functions.map(({ id, triggers }) => ({
        id: id.startsWith(`${declared.app_id}-`) ? id.slice(declared.app_id.length + 1) : id,
        triggers: triggers.map(({ event = "", cron, expression }) =>
          cron ? { cron } : { event, if: expression },
        ),
      })),
    };
  }

  /** The SDK's mode: `cloud` checks signatures, `dev` does not. */
  async mode(): Promise<string> {
    const response = await this.#call("GET", "", {});
    if (!response.ok) throw new ApiError("the worker did not tell its mode", response.status, await reasonIn(response));
    return ((await response.json()) as { mode: string }).mode;
  }

  #put(body: string, headers: Record<string, string>): Promise<Response> {
    return this.#call("PUT", body, headers);
  }

  #call(method: string, body: string, headers: Record<string, string>): Promise<Response> {
    const time = String(Math.floor(Date.now() / 1000));
    // A signature covers the body and the time, and holds for 5 minutes.
    const signature = createHmac("sha256", this.#signingKey)
      .update(body + time)
      .digest("hex");
    return fetch(this.#url, {
      method,
      headers: { ...headers, "x-inngest-signature": `t=${time}&s=${signature}` },
      body: body || null,
      signal: AbortSignal.timeout(30_000),
    });
  }
}

function listedTrigger({ type, value, if: condition }: { type: string; value: string; if?: string }): Trigger {
  return type.toLowerCase() === "cron" ? { cron: value } : { event: value, if: condition };
}

async function reasonIn(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
