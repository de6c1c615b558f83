import { Problem } from "../../lib/problem.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { untilWorks } from "../../lib/wait.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** Seconds for a supervisor or a cluster to bring back what was killed. */
const restartSeconds = 180;

/**
 * Brings a killed or removed part back as its tier does, and waits until it runs.
 *
 * @throws {Problem} when it does not
 */
export async function bringBack({ name, pulumi, parts }: LiveStack, part: Part): Promise<void> {
  const place = parts.placeOf(part);
  // Pulumi notices in a refresh only that a container is gone.
  if (!(await place.start(part))) await pulumi.quietUp(name, place.remove ? ["--refresh"] : []);
  const isBack = async () => (await place.state(part)).isRunning || undefined;
  if (await untilWorks({ seconds: restartSeconds }, isBack)) return;
  throw new Problem(`the ${part.name} does not run ${restartSeconds} s after it was killed`);
}
