import { Problem } from "../../../lib/problem.ts";

/** A check of verify or doctor. */
export interface Check<Status extends string> {
  /** Its name for people and tools. */
  id: string;
  /** Resolves to what was seen, and calls `progress` with what it does, where that takes time. */
  run(progress: (doing: string) => void): Promise<Outcome<Status>>;
}

export interface Outcome<Status extends string> {
  status: Status;
  /** What was seen, for people: holds no secret. */
  seen: string;
  /** The most likely cause, when something is wrong. */
  cause?: string | undefined;
  /** What to do about it. */
  remedy?: string | undefined;
}

export type Result<Status extends string> = Outcome<Status> & { id: string; ms: number };

/** Where results are reported as they come. */
export interface Report<Status extends string> {
  begin(id: string): void;
  progress(id: string, doing: string): void;
  end(result: Result<Status>): void;
}

/** Runs one check after the other. A check that throws has status `thrown`, and its error is what was seen, with a {@link Problem}'s remedy. */
export async function runChecks<Status extends string>(
  checks: Check<Status>[],
  thrown: Status,
  report: Report<Status>,
): Promise<Result<Status>[]> {
  const results: Result<Status>[] = [];
  for (const check of checks) {
    report.begin(check.id);
    const result = await resultOf(check, thrown, (doing) => report.progress(check.id, doing));
    results.push(result);
    report.end(result);
  }
  return results;
}

/** {@link runChecks}, for checks that change nothing: all run at once, and are reported in their order. */
export async function runChecksAtOnce<Status extends string>(
  checks: Check<Status>[],
  thrown: Status,
  report: Report<Status>,
): Promise<Result<Status>[]> {
  const running = checks.map((check) => ({ id: check.id, result: resultOf(check, thrown, () => {}) }));
  const results: Result<Status>[] = [];
  for (const { id, result } of running) {
    report.begin(id);
    results.push(await result);
    report.end(await result);
  }
  return results;
}

async function resultOf<Status extends string>(
  { id, run }: Check<Status>,
  thrown: Status,
  progress: (doing: string) => void,
): Promise<Result<Status>> {
  const before = performance.now();
  const outcome = await run(progress).catch((error: Error) => ({
    status: thrown,
    ...(error instanceof Problem ? { seen: error.what, remedy: error.remedy } : { seen: reasonOf(error) }),
  }));
  return { ...outcome, id, ms: Math.round(performance.now() - before) };
}

/** Why a call failed, in words: fetch itself says no more than that it failed. */
export function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (error.name === "TimeoutError") return "no answer in time";
  return message ? `${error.message}: ${message}` : error.message;
}
