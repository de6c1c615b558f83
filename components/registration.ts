import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { RegistrationSpec } from "../lib/inngest/registration.ts";
import type { Endpoints } from "./endpoints.ts";

export type RegistrationArgs = Pick<RegistrationSpec, "way"> &
  Pick<Endpoints, "apiUrl" | "workerUrl" | "workerEndpoint" | "forward" | "server" | "worker"> & {
    signingKey: pulumi.Input<string>;
  };

/**
 * The worker's functions as the server has them. Pushed again whenever server or worker has restarted, because neither
 * asks the other later; done when the server lists every function with its triggers.
 */
export class Registration extends pulumi.ComponentResource {
  constructor(name: string, args: RegistrationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:Registration", name, {}, opts);
    const { apiUrl, workerUrl, workerEndpoint, forward, way, signingKey } = args;
    new command.local.Command(
      `${name}-sync`,
      {
        create: "node scripts/register.ts",
        stdin: pulumi.secret(pulumi.jsonStringify({ apiUrl, workerUrl, workerEndpoint, forward, way, signingKey })),
        environment: { SERVER: args.server, WORKER: args.worker },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    this.registerOutputs({});
  }
}
