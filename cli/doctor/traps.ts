import { atLeast, oldestServer } from "../../lib/host/versions.ts";
import type { Settings } from "../../lib/settings/settings.ts";

interface Deployment {
  /** Version of the server. */
  server: string;
  tier: Settings["tier"];
  transport: Settings["worker"]["transport"];
}

/** Known defects of servers, each with the first version that is free of it. */
const traps: { below: string; what: string; affects(deployment: Deployment): boolean }[] = [
  {
    below: oldestServer,
    what: `before ${oldestServer} it does not list its apps, by which this project checks what is registered`,
    affects: () => true,
  },
  {
    below: "1.42.0",
    what: "before 1.42.0 several servers do not pass Connect's messages to each other",
    affects: ({ tier, transport }) => tier === "cluster" && transport === "connect",
  },
];

/** Known defects of a server; none where its version is not a number. */
export function trapsOf(deployment: Deployment): string[] {
  if (!/^\d+\.\d+\.\d+/.test(deployment.server)) return [];
  return traps
    .filter(({ below, affects }) => affects(deployment) && !atLeast(deployment.server, below))
    .map(({ what }) => what);
}
