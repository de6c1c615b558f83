import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { RegistrationSpec } from "../lib/inngest/registration.ts";
import type { Forward } from "./endpoints.ts";

export interface RegistrationArgs {
  /** The server's API, from this machine. */
  apiUrl: string;
  /** The worker's origin and its Inngest endpoint, from this machine. */
  workerUrl: string;
  workerEndpoint: string;
  /** The way to all of them where they alone do not lead there. */
  forward?: Forward | undefined;
  /** How the worker comes to be known: see {@link RegistrationSpec}. */
  way: RegistrationSpec["way"];
  signingKey: pulumi.Input<string>;
  /** Changes when the running server is another one. */
  server: pulumi.Input<string>;
  /** Changes when the running worker is another one. */
  worker: pulumi.Input<string>;
}

/**
 * The worker's functions as the server has them. Pushed again whenever server or worker changed, because neither asks
 * the other after its start; done when the server lists every function with its triggers.
 */
export class Registration extends pulumi.ComponentResource {
  /** Known when the server knows the functions. */
  public readonly known: pulumi.Output<string>;

  constructor(name: string, args: RegistrationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:Registration", name, {}, opts);
    const { apiUrl, workerUrl, workerEndpoint, forward, way, signingKey } = args;
    const sync = new command.local.Command(
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
    this.known = sync.id;
    this.registerOutputs({});
  }
}
