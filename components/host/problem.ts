/** A finding that a person can act on: its message is all that is printed. */
export class Problem extends Error {}

/** Runs a script of the host tier: prints a {@link Problem} alone, anything else with its stack, and exits 1. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Problem ? error.message : error);
    process.exitCode = 1;
  }
}

/** The whole of standard input, as JSON. */
export async function readStdin<T>(): Promise<T> {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text) as T;
}
