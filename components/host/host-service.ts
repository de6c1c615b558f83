import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceSpec } from "../../lib/host/spec.ts";
import { serviceLabel } from "../../lib/host/supervisors/service.ts";
import { shellQuoted } from "../../lib/shell.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { stopGraceSeconds as defaultStopGrace } from "../../lib/stack/stop-grace.ts";

type OutputKeys = "envFile" | "files" | "loopbackOnly" | "follows";

/** A {@link ServiceSpec}, of which some values may be outputs. */
export type HostServiceArgs = Omit<ServiceSpec, OutputKeys | "stopGraceSeconds"> & {
  [Key in OutputKeys]?: pulumi.Input<ServiceSpec[Key]>;
} & { /** @default 60 */ stopGraceSeconds?: number };

/**
 * A process on this machine that outlives `pulumi up`: started when absent, restarted when its spec changes, and after
 * a crash or a reboot started again by its supervisor, or without one by the next `up`. Its keys are in 0600 files,
 * never in arguments, in its initial environment or in the supervisor's definition.
 */
export class HostService extends pulumi.ComponentResource {
  /** Changes with every start of the process, so that what depends on a running process can follow it. */
  public readonly startId: pulumi.Output<string>;
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: HostServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:HostService", name, {}, opts);
    const { stack, service, dataDir } = args;
    checkLabel(stack, service, this);
    const identity = [stack, service, ...(dataDir ? [dataDir] : [])];

    const observed = command.local.runOutput(
      {
        command: `node scripts/observe.ts ${identity.map(shellQuoted).join(" ")}`,
        logging: command.local.Logging.None,
      },
      { parent: this },
    ).stdout;
    const { envFile, files = [], stopGraceSeconds = defaultStopGrace, ...plain } = args;
    const spec = pulumi.jsonStringify({ ...plain, stopGraceSeconds, envFile, files, startId: observed });
    // The hash reveals nothing of a spec that holds two 256-bit keys.
    const startId = pulumi.unsecret(spec.apply((text) => createHash("sha256").update(text).digest("hex")));

    const process = new command.local.Command(
      `${name}-process`,
      {
        create: "node scripts/reconcile.ts",
        delete: "node scripts/remove.ts",
        stdin: pulumi.secret(spec),
        // Another identity is another process: the old one is removed with its files before the new one starts.
        triggers: identity,
        environment: { START_ID: startId },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    // A Command has no outputs that we name, and its id never changes: one of our inputs, read back as an output,
    // follows each run of it.
    this.startId = process.environment.apply((variables) => variables?.START_ID ?? "");
    // The engine encrypts this output because of the secrets in the input; it holds none.
    this.supervised = pulumi.unsecret(process.stdout).apply((text) => JSON.parse(text) as Supervised);
    this.registerOutputs({ startId: this.startId, supervised: this.supervised });
  }
}

/** What every part of a stack that is a process on this machine is given. */
export type HostPartArgs = Pick<ServiceSpec, "stack" | "dataDir" | "supervision">;

/** A part of a stack that is a process on this machine. */
export abstract class HostPart extends pulumi.ComponentResource {
  /** Changes with every start of the process. */
  public readonly startId: pulumi.Output<string>;
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  /** @param type Last part of the component's type token. */
  constructor(type: string, name: string, args: HostServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super(`inngest-local:index:${type}`, name, {}, opts);
    const { startId, supervised } = new HostService(name, args, { parent: this });
    this.startId = startId;
    this.supervised = supervised;
    this.registerOutputs({ startId, supervised });
  }
}

/** @throws {pulumi.ResourceError} for a name that no supervisor takes, before anything is planned */
function checkLabel(stack: string, service: string, resource: pulumi.Resource): void {
  try {
    serviceLabel(stack, service);
  } catch (error) {
    throw new pulumi.ResourceError((error as Error).message, resource, true);
  }
}
