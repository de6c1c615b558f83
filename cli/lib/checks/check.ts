/** One look at something, by verify or by doctor. */
export interface Check<Status extends string> {
  /** Its name for people and tools. */
  id: string;
  /** Resolves to what was seen; `tell` says what it is at, where that takes time. */
  run(tell: (doing: string) => void): Promise<Outcome<Status>>;
}

export interface Outcome<Status extends string> {
  status: Status;
  /** What was seen, for people: holds no secret. */
  seen: string;
  /** What it most likely comes from, when something is wrong. */
  cause?: string | undefined;
  /** What to do about it. */
  remedy?: string | undefined;
}

export type Result<Status extends string> = Outcome<Status> & { id: string; ms: number };

/** Where results are told as they come. */
export interface Report<Status extends string> {
  begin(id: string): void;
  progress(id: string, doing: string): void;
  end(result: Result<Status>): void;
}

/** Runs one check after the other. A check that throws has `thrown` for its status, and the error for what was seen. */
export async function runChecks<Status extends string>(
  checks: Check<Status>[],
  thrown: Status,
  report: Report<Status>,
): Promise<Result<Status>[]> {
  const results: Result<Status>[] = [];
  for (const { id, run } of checks) {
    report.begin(id);
    const before = performance.now();
    const outcome = await run((doing) => report.progress(id, doing)).catch((error: unknown) => ({
      status: thrown,
      seen: error instanceof Error ? reasonOf(error) : String(error),
    }));
    const result = { ...outcome, id, ms: Math.round(performance.now() - before) };
    results.push(result);
    report.end(result);
  }
  return results;
}

/** Why a call did not come about, in words: fetch itself says no more than that it failed. */
export function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (error.name === "TimeoutError") return "no answer in time";
  return message ? `${error.message}: ${message}` : error.message;
}
