import { createRequire } from "node:module";
import { inngestVersion, locate } from "../../lib/host/programs.ts";
import type { StackSettings } from "./live-stack.ts";
import type { Pulumi } from "./pulumi-cli.ts";

const require = createRequire(import.meta.url);

/** The server's version as its binary or its image's tag says it. Throws when there is no binary. */
export async function serverVersion({ tier, serverBinary, serverImage = "" }: StackSettings): Promise<string> {
  if (tier !== "process") return /:v?([^:@/]+)(@|$)/.exec(serverImage)?.[1] ?? serverImage;
  const binary = locate({ kind: "inngest", ...(serverBinary && { binary: serverBinary }) });
  return (await inngestVersion(binary)).replace(/^v/, "");
}

/** What a stack is made of, by what each part says of itself. */
export async function versionsOf(
  pulumi: Pulumi,
  settings: StackSettings,
  sdk: string | undefined,
): Promise<Record<string, string>> {
  const { version } = require("../../package.json") as { version: string };
  return {
    "inngest-local": version,
    server: await serverVersion(settings),
    ...(sdk && { sdk }),
    pulumi: (await pulumi.about()).version.replace(/^v/, ""),
    node: process.versions.node,
  };
}
