import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { shellQuoted } from "../../lib/shell.ts";

export interface DockerProcessLimitArgs {
  /** Docker context. @default the docker command's current one */
  context?: string | undefined;
  /** Ids of the containers by their names; another id is another container, which is limited anew. */
  containers: Record<string, pulumi.Input<string>>;
}

/** Most processes and threads of a container: several times what any of them uses, and far from what a machine has. */
export const mostProcesses = 1024;

/**
 * A bound to the processes of each container, after section 5 of the CIS Docker Benchmark, so that none of them takes
 * the machine's. Set when the containers run, because the provider has no such input (5.2.0); the engine keeps it.
 */
export class DockerProcessLimit extends pulumi.ComponentResource {
  constructor(name: string, args: DockerProcessLimitArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerProcessLimit", name, {}, opts);
    const names = Object.keys(args.containers);
    const docker = args.context === undefined ? "docker" : `docker --context ${shellQuoted(args.context)}`;
    new command.local.Command(
      `${name}-update`,
      {
        // A script of Node's would take longer to begin than this takes, at the end of every start. An engine that cannot
        // bound them, such as a rootless one without the cgroup for it, only warns.
        create:
          `${docker} update --pids-limit ${mostProcesses} ${names.join(" ")} || ` +
          `{ echo ${shellQuoted(refusal(names))} >&2; exit 1; }`,
        environment: { CONTAINERS: pulumi.jsonStringify(args.containers) },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** What is told below Docker's own words. */
function refusal(names: string[]): string {
  return (
    `the containers ${names.join(", ")} must take a limit of ${mostProcesses} processes. ` +
    "Remedy: docker ps --all tells which of them is missing; run npm start again"
  );
}
