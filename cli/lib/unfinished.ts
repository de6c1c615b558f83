import { execa } from "execa";
import { removeNamed } from "../../lib/places/docker-engine.ts";
import { Problem } from "../../lib/problem.ts";
import type { Pulumi } from "./pulumi-cli.ts";

interface Operation {
  type: string;
  resource: {
    urn: string;
    type: string;
    inputs?: { name?: unknown; delete?: unknown; stdin?: { plaintext?: string } };
  };
}

interface Deployment {
  pending_operations?: Operation[];
}

/** What Docker refuses to make twice under one name, by type of resource. */
const named = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
} as const;

/**
 * Takes away what a killed Pulumi had begun to make and could not write down, so that the next `up` makes it and a
 * `destroy` leaves nothing: Pulumi itself would try to make it beside what is there, and fail at the name, and would not
 * stop a process that it does not know of. All else that this program makes may be made again over itself. Call it when
 * no Pulumi holds the stack. Resolves to whether there was any.
 */
export async function forgetUnfinished(pulumi: Pulumi, stack: string): Promise<boolean> {
  const { exitCode, stdout } = await pulumi.capture(["stack", "export", "--stack", stack]);
  if (exitCode !== 0) return false;
  const state = JSON.parse(stdout) as { deployment: Deployment };
  const pending = state.deployment.pending_operations ?? [];
  const begun = pending.filter(({ type }) => type === "creating");
  if (begun.length === 0) return false;
  const { dockerContext: context } = await pulumi.settings(stack);
  // Containers first: a network that is in use stays.
  for (const kind of ["container", "network"] as const) {
    for (const { resource } of begun) {
      const { name } = resource.inputs ?? {};
      if (named[resource.type as keyof typeof named] !== kind || typeof name !== "string") continue;
      await removeNamed(kind, { name, stack, context });
    }
  }
  if (begun.some(canBeUndone)) await undo(pulumi, stack);
  state.deployment.pending_operations = pending.filter((operation) => !begun.includes(operation));
  const imported = await pulumi.capture(["stack", "import", "--stack", stack], JSON.stringify(state));
  if (imported.exitCode !== 0) throw new Problem(imported.output);
  return true;
}

/** Whether it is a command that was begun and has another one to take back what it does. */
function canBeUndone({ type, resource }: Operation): boolean {
  return (
    type === "creating" && resource.type === "command:local:Command" && typeof resource.inputs?.delete === "string"
  );
}

/** Runs what takes back the commands that were begun, as Pulumi would when it deletes them. */
async function undo(pulumi: Pulumi, stack: string): Promise<void> {
  const { stdout } = await pulumi.capture(["stack", "export", "--stack", stack, "--show-secrets"]);
  const { deployment } = JSON.parse(stdout) as { deployment: Deployment };
  for (const { resource } of (deployment.pending_operations ?? []).filter(canBeUndone)) {
    const { inputs } = resource;
    const input = JSON.parse(inputs?.stdin?.plaintext ?? '""') as string;
    const { exitCode, all } = await execa(inputs?.delete as string, { shell: true, input, all: true, reject: false });
    if (exitCode !== 0) throw new Problem(`${resource.urn} was begun and cannot be taken back:\n${all}`);
  }
}
