import { createRequire } from "node:module";
import { inngestVersion, locate } from "../../lib/host/programs.ts";
import type { StackParts } from "../../lib/places/places.ts";
import type { KnownStack } from "./live-stack.ts";

const require = createRequire(import.meta.url);

/**
 * The server's version, as its image's tag or its binary says it.
 *
 * @throws {Problem} when there is no binary
 */
export async function serverVersion(parts: StackParts): Promise<string> {
  const { image, program } = parts.find("server") ?? {};
  if (image) return /:v?([^:@/]+)(@|$)/.exec(image.image)?.[1] ?? image.image;
  return (await inngestVersion(locate(program ?? { kind: "inngest" }))).replace(/^v/, "");
}

/** Versions of what a stack is made of. `sdk` is the one that its worker has registered with. */
export async function versionsOf(
  { pulumi, parts }: Pick<KnownStack, "pulumi" | "parts">,
  sdk: Promise<string | undefined> | string | undefined,
): Promise<Record<string, string>> {
  const { version } = require("../../package.json") as { version: string };
  const [server, cli, registered] = await Promise.all([serverVersion(parts), pulumi.version(), sdk]);
  return {
    "inngest-local": version,
    server,
    ...(registered && { sdk: registered }),
    pulumi: cli.replace(/^v/, ""),
    node: process.versions.node,
  };
}
