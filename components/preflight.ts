import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { FormerHome } from "../lib/stack/home.ts";
import type { PreflightSpec } from "../lib/stack/preflight-spec.ts";

/**
 * Checks of this machine that everything else waits for, so that a stack of another folder, a port in use, a missing
 * binary or an engine that is down stops `pulumi up` before anything has changed. Runs when its spec or the stack's home
 * changes, and never in a preview.
 */
export class Preflight extends pulumi.ComponentResource {
  /** What the stack belongs to. */
  public readonly home: pulumi.Output<FormerHome | undefined>;

  constructor(name: string, spec: PreflightSpec, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:Preflight", name, {}, opts);
    const home = command.local.runOutput(
      { command: "node scripts/home.ts", stdin: JSON.stringify(spec), logging: command.local.Logging.None },
      { parent: this },
    ).stdout;
    const check = new command.local.Command(
      `${name}-check`,
      {
        create: "node scripts/preflight.ts",
        stdin: pulumi.jsonStringify({ ...spec, home }),
        logging: command.local.Logging.None,
        // The script printed the stack's data folder and home the last time, and recognises others by them.
        addPreviousOutputInEnv: true,
      },
      { parent: this },
    );
    this.home = check.stdout.apply((printed) => {
      const [, json] = printed.split("\n");
      return json === undefined ? undefined : (JSON.parse(json) as FormerHome);
    });
    this.registerOutputs({ home: this.home });
  }
}
