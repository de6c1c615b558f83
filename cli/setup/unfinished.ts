import { removeNamed } from "../../components/host/docker-engine.ts";
import { Problem } from "../../components/host/problem.ts";
import type { Pulumi } from "../pulumi-cli.ts";

interface Deployment {
  pending_operations?: { type: string; resource: { type: string; inputs?: { name?: unknown } } }[];
}

/** What Docker refuses to make twice under one name, by type of resource. */
const named = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
} as const;

/**
 * Takes away what a killed Pulumi had begun to make and could not write down, so that the next `up` makes it: Pulumi
 * itself would try to make it beside what is there, and fail at the name. All else that this program makes may be made
 * again over itself. Call it when no Pulumi holds the stack.
 */
export async function forgetUnfinished(pulumi: Pulumi, stack: string): Promise<void> {
  const { exitCode, stdout } = await pulumi.capture(["stack", "export", "--stack", stack]);
  if (exitCode !== 0) return;
  const state = JSON.parse(stdout) as { deployment: Deployment };
  const pending = state.deployment.pending_operations ?? [];
  const begun = pending.filter(({ type }) => type === "creating");
  if (begun.length === 0) return;
  const { dockerContext: context } = await pulumi.settings(stack, ["dockerContext"]);
  // Containers first: a network that is in use stays.
  for (const kind of ["container", "network"] as const) {
    for (const { resource } of begun) {
      const { name } = resource.inputs ?? {};
      if (named[resource.type as keyof typeof named] !== kind || typeof name !== "string") continue;
      await removeNamed(kind, { name, stack, context });
    }
  }
  state.deployment.pending_operations = pending.filter((operation) => !begun.includes(operation));
  const imported = await pulumi.capture(["stack", "import", "--stack", stack], JSON.stringify(state));
  if (imported.exitCode !== 0) throw new Problem(imported.output);
}
