import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { PreflightSpec } from "../lib/stack/preflight-spec.ts";

/**
 * Checks of this machine that everything else waits for, so that a port in use, a missing binary or an engine that is
 * down stops `pulumi up` before anything has changed. Runs when its spec changes, and never in a preview.
 */
export class Preflight extends pulumi.ComponentResource {
  constructor(name: string, spec: PreflightSpec, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:Preflight", name, {}, opts);
    new command.local.Command(
      `${name}-check`,
      {
        create: "node scripts/preflight.ts",
        stdin: JSON.stringify(spec),
        logging: command.local.Logging.None,
        // The script printed the stack's data folder the last time, which tells it when the folder moves.
        addPreviousOutputInEnv: true,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
