import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ProcessLimit } from "../host/limit-processes.ts";

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
    const limit: ProcessLimit = { context: args.context, containers: Object.keys(args.containers), mostProcesses };
    new command.local.Command(
      `${name}-update`,
      {
        create: "node components/host/limit-processes.ts",
        stdin: JSON.stringify(limit),
        environment: { CONTAINERS: pulumi.jsonStringify(args.containers) },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
