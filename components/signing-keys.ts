import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Keys } from "./endpoints.ts";

export interface SigningKeysArgs {
  /** Signing key to use instead of a generated one; {@link signingKeyProblem} says its shape. */
  signingKey?: pulumi.Input<string> | undefined;
  /** Event key to use instead of a generated one. */
  eventKey?: pulumi.Input<string> | undefined;
}

/** The two keys of an Inngest server, both secret: generated once and kept in the stack's state, or given. */
export class SigningKeys extends pulumi.ComponentResource {
  /** Bare hex, 64 digits when generated: server and worker sign their calls to each other with it. */
  public readonly signingKey: pulumi.Output<string>;
  /** Lets whoever has it send events. */
  public readonly eventKey: pulumi.Output<string>;

  constructor(name: string, args: SigningKeysArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    // Pulumi keeps what is passed here in the state, in clear where it is not an Output: nothing is.
    super("inngest-local:index:SigningKeys", name, {}, opts);
    this.signingKey = pulumi.secret(args.signingKey ?? hexPassword(`${name}-signing`, 64, this));
    this.eventKey = pulumi.secret(args.eventKey ?? hexPassword(`${name}-event`, 48, this));
    this.registerOutputs({ signingKey: this.signingKey, eventKey: this.eventKey });
  }
}

/** The keys of another stack. Throws `pulumi.RunError` when it does not exist or is not up. */
export async function keysOf(stack: string): Promise<Keys> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // A StackReference alone ends the program with the engine's own words, which name neither setting nor remedy.
  const outputs: Record<string, unknown> = await pulumi.runtime
    .invoke("pulumi:pulumi:readStackOutputs", { name })
    .then((answer) => answer.outputs)
    .catch(() => ({}));
  if (outputs.signingKey === undefined || outputs.eventKey === undefined) {
    throw new pulumi.RunError(
      `\`keysFrom\` must name a stack that is up, got "${stack}". ` +
        `Remedy: pulumi up -s ${stack} first, choose one of \`pulumi stack ls\`, or pulumi config rm keysFrom`,
    );
  }
  const other = new pulumi.StackReference("keysFrom", { name });
  const key = (output: keyof Keys) => pulumi.secret(other.requireOutput(output) as pulumi.Output<string>);
  return { signingKey: key("signingKey"), eventKey: key("eventKey") };
}

/** RandomPassword, because the ids of RandomId and RandomBytes hold their value in clear. */
function hexPassword(name: string, length: number, parent: pulumi.Resource): pulumi.Output<string> {
  const password = new random.RandomPassword(
    name,
    // The character set is the digits and these six: uniform hex, no post-processing.
    { length, lower: false, upper: false, special: true, overrideSpecial: "abcdef" },
    { parent },
  );
  return password.result;
}
