import { Problem } from "../../../lib/problem.ts";
import type { Part } from "../../../lib/stack/parts.ts";
import { untilWorks } from "../../../lib/wait.ts";
import type { LiveStack } from "../live-stack.ts";

/** Seconds for a supervisor or a cluster to bring back what was killed. */
const restartSeconds = 180;

/**
 * Kills parts as a crash would, all at once, and brings them back, also after Ctrl-C.
 *
 * @param killed is called when all are dead
 * @returns why parts are not back
 */
export async function killAndBringBack(
  stack: LiveStack,
  parts: readonly Part[],
  killed: () => void,
): Promise<string[]> {
  return await uninterrupted(async () => {
    await Promise.all(parts.map((part) => stack.parts.placeOf(part).kill(part)));
    killed();
    const gone: string[] = [];
    // When one fails, the others must not stay dead.
    for (const part of parts) await bringBack(stack, part).catch((error: Error) => gone.push(error.message));
    return gone;
  });
}

/**
 * Brings a killed or removed part back as its tier does, and waits until it runs.
 *
 * @throws {Problem} when it does not
 */
export async function bringBack({ name, pulumi, parts }: LiveStack, part: Part): Promise<void> {
  const place = parts.placeOf(part);
  // Pulumi notices in a refresh only that a container is gone.
  if (!(await place.start(part))) await pulumi.quietUp(name, place.remove ? ["--refresh"] : []);
  if (await untilWorks({ seconds: restartSeconds }, async () => (await place.state(part)).isRunning)) return;
  throw new Problem(`the ${part.name} does not run ${restartSeconds} s after it was killed`);
}

/** Delays Ctrl-C until `action` has brought back the parts that it killed. */
export async function uninterrupted<T>(action: () => Promise<T>): Promise<T> {
  let interrupted = false;
  const note = () => {
    interrupted = true;
    console.error("\nCtrl-C: what was killed is brought back first.");
  };
  process.on("SIGINT", note);
  try {
    return await action();
  } finally {
    process.off("SIGINT", note);
    if (interrupted) process.exit(130);
  }
}
