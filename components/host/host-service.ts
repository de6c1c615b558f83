import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Listener, Program, ServiceFile } from "../../lib/host/spec.ts";
import type { Supervision } from "../../lib/host/supervisors/index.ts";
import { serviceLabel } from "../../lib/host/supervisors/service.ts";
import { shellQuoted } from "../../lib/shell.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { stopGraceSeconds as usualStopGrace } from "../../lib/stack/stop-grace.ts";

/**
 * What a {@link HostService} runs. In `args`, `files` and `envFile`, `${dataDir}` stands for the
 * data folder, and `,${hostGateway}` for the address at which containers of a Linux engine meet this machine, if any.
 */
export interface HostServiceArgs {
  /** Stack whose data folder it lives in. */
  stack: string;
  /** Name within the stack; also of its folder, log and pid file. Changing it stops the old one first. */
  service: string;
  /** Absolute data folder. @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
  program: Program;
  args: string[];
  /** Relative to the project. @default the service's own folder */
  workingDirectory?: string;
  /** Variables that anybody on this machine may see. */
  environment?: Record<string, string>;
  /** Variables kept in a 0600 file that the runtime (Node, Bun) reads by `--env-file`. */
  envFile?: pulumi.Input<Record<string, string>>;
  /** Files in the service's folder, 0600. */
  files?: pulumi.Input<ServiceFile[]>;
  /**
   * Variables that the process finds in its folder's `environment.json`, 0600, as they are for who runs `pulumi up`; no
   * part of the state. `*` at the end of a name stands for anything.
   */
  inherits?: string[];
  /** SQLite file, relative to the data folder, created in WAL mode when absent and never touched otherwise. */
  database?: string;
  listeners: Listener[];
  /** Answers 200 once the process serves. @default it serves nobody, and is up while it lives */
  healthUrl?: string;
  /**
   * The Docker engine whose containers reach this service at `host.docker.internal`. On Linux that is the address of
   * Docker's bridge, which `,${hostGateway}` stands for; elsewhere the engine forwards to 127.0.0.1.
   */
  containers?: { context?: string | undefined } | undefined;
  /** All whom it talks to are on this machine, so that a supervisor that can may keep it from everybody else. */
  loopbackOnly?: pulumi.Input<boolean>;
  /** What keeps it running after a crash and a reboot. */
  supervision: Supervision;
  /** Seconds between SIGTERM and SIGKILL. @default 60 */
  stopGraceSeconds?: number;
  /** Hash of the source folder that the process runs; a new one restarts it. */
  source?: string;
}

/**
 * A process on this machine that outlives `pulumi up`: started when absent, restarted when its spec changes, brought
 * back by its supervisor, and where there is none by the next `up`. Its keys are in 0600 files, never in arguments, in
 * its initial environment or in the supervisor's definition.
 */
export class HostService extends pulumi.ComponentResource {
  /** Changes with every start of the process, so that what depends on a running process can follow it. */
  public readonly instance: pulumi.Output<string>;
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: HostServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:HostService", name, {}, opts);
    const { stack, service, dataDir } = args;
    checkLabel(stack, service, this);
    const identity = [stack, service, ...(dataDir ? [dataDir] : [])];
    const script = (file: string) => `node scripts/${file}`;

    const observed = command.local.runOutput(
      {
        command: `${script("observe.ts")} ${identity.map(shellQuoted).join(" ")}`,
        logging: command.local.Logging.None,
      },
      { parent: this },
    ).stdout;
    const { envFile, files = [], stopGraceSeconds = usualStopGrace, ...plain } = args;
    const spec = pulumi.jsonStringify({ ...plain, stopGraceSeconds, envFile, files, instance: observed });
    // A hash of what holds two 256-bit keys tells nothing about them.
    const instance = pulumi.unsecret(spec.apply((text) => createHash("sha256").update(text).digest("hex")));

    const process = new command.local.Command(
      `${name}-process`,
      {
        create: script("reconcile.ts"),
        delete: script("remove.ts"),
        stdin: pulumi.secret(spec),
        // Another identity is another process: the old one goes, files and all, before the new one comes.
        triggers: identity,
        environment: { INSTANCE: instance },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    this.instance = process.environment.apply((variables) => variables?.INSTANCE ?? "");
    // Its output is marked as secret because of its keys, and holds none.
    this.supervised = pulumi.unsecret(process.stdout).apply((text) => JSON.parse(text) as Supervised);
    this.registerOutputs({ instance: this.instance, supervised: this.supervised });
  }
}

/** Throws `pulumi.ResourceError` before anything is planned for a name that no supervisor takes. */
function checkLabel(stack: string, service: string, resource: pulumi.Resource): void {
  try {
    serviceLabel(stack, service);
  } catch (error) {
    throw new pulumi.ResourceError((error as Error).message, resource, true);
  }
}
