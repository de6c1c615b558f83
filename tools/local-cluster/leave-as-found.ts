import { clusterDown, clusterIsUp } from "./node.ts";

/** Stops the node after the suites when they have started it. */
export default function setup(): (() => Promise<void>) | undefined {
  return clusterIsUp() ? undefined : clusterDown;
}
