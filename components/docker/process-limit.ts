import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { shellQuoted } from "../../lib/shell.ts";

export interface DockerProcessLimitArgs {
  /** Docker context. @default the docker command's current one */
  context?: string | undefined;
  /** Ids of the containers by name; another id is another container, which is limited again. */
  containers: Record<string, pulumi.Input<string>>;
}

/** Processes and threads of one container: several times what any of them uses, and far fewer than a machine has. */
export const maxPids = 1024;

/**
 * A limit of processes for each container, by section 5 of the CIS Docker Benchmark. Set once the containers run,
 * because the provider has no input for it; the engine keeps it.
 */
export class DockerProcessLimit extends pulumi.ComponentResource {
  constructor(name: string, args: DockerProcessLimitArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerProcessLimit", name, {}, opts);
    const names = Object.keys(args.containers);
    // Printed after Docker's own error.
    const failure =
      `the containers ${names.join(", ")} must take a limit of ${maxPids} processes. ` +
      "Remedy: docker ps --all tells which of them is missing; run npm start again";
    const docker = args.context === undefined ? "docker" : `docker --context ${shellQuoted(args.context)}`;
    new command.local.Command(
      `${name}-update`,
      {
        // Docker itself rather than a script: at the end of every start, Node would take longer to load than this
        // takes. An engine that cannot limit processes, such as a rootless one without that cgroup, only warns.
        create:
          `${docker} update --pids-limit ${maxPids} ${names.join(" ")} || ` +
          `{ echo ${shellQuoted(failure)} >&2; exit 1; }`,
        environment: { CONTAINERS: pulumi.jsonStringify(args.containers) },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
