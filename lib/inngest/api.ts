/** What starts a function: an event, `if` an expression is true of it, or a schedule. */
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
  /** When its first step was scheduled. */
  startedAt?: string;
  /** Its return value, if it was asked for. */
  output?: unknown;
}

/** Which runs are listed. @default all */
export interface RunFilter {
  status?: string[];
  /** Ids of an app and of its function. */
  of?: { app: string; function: string };
  withOutput?: boolean;
}

/** An attempt at a step of a run. */
export interface Step {
  id: string;
  name: string;
  status: string;
  /** Duration so far in milliseconds, including waits and retries. */
  ms: number;
  error?: string;
}

export const endStatuses = new Set(["COMPLETED", "FAILED", "CANCELLED"]);
/** Statuses of runs that have not ended. */
export const flightStatuses = ["RUNNING", "QUEUED"];

/** A request that the server or a worker did not answer with success. */
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

/** Client of the server's API: v2, and v1 for what v2 lacks. */
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
   * Sends an event and resolves to the server's id for it.
   *
   * @param event With an `id`, each function runs once for it, however often it is sent. Its runs begin at `ts`, in
   *   milliseconds since 1970, by default now.
   */
  async send(
    eventKey: string,
    event: { id?: string; name: string; data: Record<string, unknown>; ts?: number },
  ): Promise<string> {
    const response = await fetch(`${this.#url}/e/${eventKey}`, { method: "POST", body: JSON.stringify(event) });
    // The path contains the key, so neither it nor the server's message about it may be shown.
    if (!response.ok) throw new ApiError("the server refused the event", response.status, "");
    const { ids } = (await response.json()) as { ids: string[] };
    return ids[0] as string;
  }

  async runsOf(eventId: string): Promise<Run[]> {
    return (await this.#get<Run[]>(`/v2/events/${eventId}/runs`)).data ?? [];
  }

  /** The newest runs. `limit` is 100 at most. */
  async runs(limit: number, { status = [], of, withOutput }: RunFilter = {}): Promise<Run[]> {
    const query = new URLSearchParams([
      ["limit", String(limit)],
      ...status.map((each) => ["status", each]),
      ...(of ? Object.entries({ appId: of.app, functionId: of.function }) : []),
      ...(withOutput ? [["includeOutput", "true"]] : []),
    ]);
    return (await this.#get<Run[]>(`/v2/runs?${query}`)).data ?? [];
  }

  /** A run's steps so far, in the order in which they began. */
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
    // Spans without a step are the server's own: requests to the worker, and the end of the run.
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

  /**
   * Whether the queue has a job of a run; an unfinished run without one is orphaned.
   *
   * @throws {ApiError} when the server cannot tell
   */
  async isQueued(runId: string): Promise<boolean> {
    return ((await this.#get<unknown[]>(`/v1/runs/${runId}/jobs`)).data ?? []).length > 0;
  }

  async apps(): Promise<string[]> {
    return ((await this.#get<{ id: string }[]>("/v2/apps")).data ?? []).map(({ id }) => id);
  }

  /** SDK version of an app's last registration; `undefined` when the server does not know it. */
  async sdkOf(appId: string): Promise<string | undefined> {
    interface App {
      latestSync?: { sdkLanguage?: string; sdkVersion?: string };
    }
    const { latestSync } = (await this.#get<App>(`/v2/apps/${encodeURIComponent(appId)}`)).data ?? {};
    return latestSync?.sdkVersion && `${latestSync.sdkLanguage ?? ""} ${latestSync.sdkVersion}`.trim();
  }

  /** All functions of an app; none when the server does not know the app. */
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
    // v1 answers errors with HTTP 200: docs/measurements.md#errors-of-api-v1.
    if (answer.error === undefined) return answer;
    if (answer.status === 404) return {};
    throw new ApiError(`GET ${path}`, answer.status ?? response.status, answer.error);
  }
}

function listedTrigger({ type, value, if: condition }: { type: string; value: string; if?: string }): Trigger {
  return type.toLowerCase() === "cron" ? { cron: value } : { event: value, if: condition };
}
