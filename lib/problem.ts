/** A finding that a person can act on; {@link Problem.message} is all that is printed of it. */
export class Problem extends Error {
  /** What is wrong, without a full stop. */
  readonly what: string;
  readonly remedy: string | undefined;

  constructor(what: string, remedy?: string) {
    super(remedy === undefined ? what : `${what}. Remedy: ${remedy}`);
    this.what = what;
    this.remedy = remedy;
  }
}

/** Runs a program of `scripts/` or `runtime/`. A {@link Problem} is printed without a stack trace; any error exits with 1. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Problem ? error.message : error);
    process.exitCode = 1;
  }
}

/** Reads standard input to its end as JSON. */
export async function readStdin<T>(): Promise<T> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return JSON.parse(text) as T;
}
