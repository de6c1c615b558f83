import { atLeast, oldestServer } from "../../lib/host/versions.ts";

interface Made {
  server: string;
  tier: string | undefined;
  transport: string | undefined;
}

/** Versions of the server that have a trap, each below the one that is free of it. */
const traps: { below: string; what: string; touches(made: Made): boolean }[] = [
  {
    below: oldestServer,
    what: `before ${oldestServer} it does not list its apps, by which this project checks what is registered`,
    touches: () => true,
  },
  {
    below: "1.42.0",
    what: "before 1.42.0 several servers do not pass Connect's messages to each other",
    touches: ({ tier, transport }) => tier === "cluster" && transport === "connect",
  },
];

/** What is known against a server; nothing against one whose version does not read like one. */
export function trapsOf(made: Made): string[] {
  if (!/^\d+\.\d+\.\d+/.test(made.server)) return [];
  return traps.filter(({ below, touches }) => touches(made) && !atLeast(made.server, below)).map(({ what }) => what);
}
