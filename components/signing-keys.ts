import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { keysAt, type RotationStep } from "../lib/stack/key-rotation.ts";
import type { Keys } from "./endpoints.ts";

export interface SigningKeysArgs {
  /** Number of the generated keys, from 1; each number has its own pair. @default 1 */
  generation?: number;
  /** How far the rotation from the generation before has come. @default "none" */
  step?: RotationStep;
  /** Signing key to use instead of a generated one: hex digits, an even number of them. @default generated */
  signingKey?: pulumi.Input<string> | undefined;
  /** Event key to use instead of a generated one. @default generated */
  eventKey?: pulumi.Input<string> | undefined;
}

/**
 * The keys of an Inngest server and its worker, all secret: generated once and kept in the stack's state, or given.
 * During a rotation (`step`) the generation before is kept too.
 *
 * @example
 * ```ts
 * const { keys } = new SigningKeys("keys");
 * export const eventKey = keys.worker.eventKey;
 * ```
 */
export class SigningKeys extends pulumi.ComponentResource {
  /** Keys of server and worker, secret. */
  public readonly keys: Keys;

  constructor(name: string, args: SigningKeysArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    // Nothing is passed here: Pulumi keeps it in the state, in clear text unless it is a secret.
    super("inngest-local:index:SigningKeys", name, {}, opts);
    const { generation = 1, step = "none" } = args;
    const pair = (number: number) => {
      const suffix = number === 1 ? "" : `-${number}`;
      return pulumi.output({
        signingKey: pulumi.secret(args.signingKey ?? hexPassword(`${name}-signing${suffix}`, 64, this)),
        eventKey: pulumi.secret(args.eventKey ?? hexPassword(`${name}-event${suffix}`, 48, this)),
      });
    };
    const current = pair(generation);
    const previous = step === "none" ? current : pair(generation - 1);
    this.keys = pulumi.secret(
      pulumi.all([current, previous]).apply(([current, previous]) => keysAt(step, current, previous)),
    );
    this.registerOutputs({ keys: this.keys });
  }
}

/**
 * The keys of another stack.
 *
 * @throws {pulumi.RunError} when it does not exist or is not up
 */
export async function keysOf(stack: string): Promise<Keys> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // A StackReference to a missing stack ends the program with an error that names neither setting nor remedy.
  const outputs: Record<string, unknown> = await pulumi.runtime
    .invoke("pulumi:pulumi:readStackOutputs", { name })
    .then((answer) => answer.outputs)
    .catch(() => ({}));
  if (outputs.keys === undefined) {
    throw new pulumi.RunError(
      `\`keysFrom\` must name a stack that is up, got "${stack}". ` +
        `Remedy: pulumi up -s ${stack} first, choose one of \`pulumi stack ls\`, or pulumi config rm keysFrom`,
    );
  }
  const other = new pulumi.StackReference("keysFrom", { name });
  return pulumi.secret(other.requireOutput("keys") as Keys);
}

/** A RandomPassword, because the ids of RandomId and RandomBytes contain their value in clear text. */
function hexPassword(name: string, length: number, parent: pulumi.Resource): pulumi.Output<string> {
  const password = new random.RandomPassword(
    name,
    // Digits and these six characters: uniform hex without post-processing.
    { length, lower: false, upper: false, special: true, overrideSpecial: "abcdef" },
    { parent },
  );
  return password.result;
}
