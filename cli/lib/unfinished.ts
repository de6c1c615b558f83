import { removeNamed } from "../../lib/places/docker-engine.ts";
import { Problem } from "../../lib/problem.ts";
import { execa } from "./execa.ts";
import type { Pulumi } from "./pulumi-cli.ts";

/** What Pulumi had begun and not finished. */
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

/** What Docker refuses to create twice under one name, by type of resource; containers first, which use networks. */
const namedKinds = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
} as const;

/**
 * Removes what a killed Pulumi was creating and had not recorded, so that the next `up` creates it and a `destroy` leaves
 * nothing behind. Pulumi itself would create it again, which fails for a container whose name is taken, and would never
 * stop a process that is not in its state. Everything else of this program can be created twice. Only safe while no
 * Pulumi holds the stack.
 *
 * @returns whether there was anything
 * @throws {Problem} when it cannot be removed
 */
export async function discardPendingCreates(pulumi: Pulumi, stack: string): Promise<boolean> {
  const { exitCode, stdout } = await pulumi.capture(["stack", "export", "--stack", stack]);
  if (exitCode !== 0) return false;
  const state = JSON.parse(stdout) as { deployment: Deployment };
  const pending = state.deployment.pending_operations ?? [];
  const creates = pending.filter(({ type }) => type === "creating");
  if (creates.length === 0) return false;
  const { dockerContext: context } = await pulumi.settings(stack);
  for (const [type, kind] of Object.entries(namedKinds)) {
    for (const { resource } of creates) {
      const name = resource.inputs?.name;
      if (resource.type === type && typeof name === "string") await removeNamed(kind, { name, stack, context });
    }
  }
  if (creates.some(isUndoable)) await undoCommands(pulumi, stack);
  state.deployment.pending_operations = pending.filter((operation) => !creates.includes(operation));
  const imported = await pulumi.capture(["stack", "import", "--stack", stack], JSON.stringify(state));
  if (imported.exitCode !== 0) throw new Problem(imported.output);
  return true;
}

/** Whether it is a command with another one that undoes it. */
function isUndoable({ type, resource }: Operation): boolean {
  return (
    type === "creating" && resource.type === "command:local:Command" && typeof resource.inputs?.delete === "string"
  );
}

/** Undoes the commands that were begun, as Pulumi does when it deletes them. */
async function undoCommands(pulumi: Pulumi, stack: string): Promise<void> {
  const { stdout } = await pulumi.capture(["stack", "export", "--stack", stack, "--show-secrets"]);
  const { deployment } = JSON.parse(stdout) as { deployment: Deployment };
  for (const { resource } of (deployment.pending_operations ?? []).filter(isUndoable)) {
    const { delete: command, stdin } = resource.inputs ?? {};
    const input = JSON.parse(stdin?.plaintext ?? '""') as string;
    const { exitCode, all } = await execa(command as string, [], { shell: true, input, all: true, reject: false });
    if (exitCode !== 0) throw new Problem(`${resource.urn} was begun and cannot be undone:\n${all}`);
  }
}
