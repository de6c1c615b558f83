import { clusterDown, clusterIsUp } from "./node.ts";

/** Global setup of the suites: stops the node at the end if it was not up before. */
export default function setup(): (() => Promise<void>) | undefined {
  return clusterIsUp() ? undefined : clusterDown;
}
