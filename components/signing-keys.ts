import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { currentPair, type KeyPair, keysAt, type RotationStep } from "../lib/stack/key-rotation.ts";
import type { Keys } from "./endpoints.ts";
import type { ProgramSettings } from "./settings.ts";

export interface SigningKeysArgs {
  /** Number of the key pair, from 1; each number has its own pair. @default 1 */
  generation?: number;
  /** Current step of the rotation from the previous generation. @default "none" */
  step?: RotationStep;
  /** Signing key to use instead of a generated one: hex, even length, without `signkey-` prefix. @default generated */
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
  public readonly keys: Keys;
  /** The keys by which everything but the worker calls the server and sends events. */
  public readonly current: pulumi.Output<KeyPair>;

  constructor(name: string, args: SigningKeysArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    // Pulumi keeps inputs that are passed here in the state, in clear unless they are secret Outputs.
    super("inngest-local:index:SigningKeys", name, {}, opts);
    const { generation = 1, step = "none" } = args;
    const pair = (number: number) => {
      const suffix = number === 1 ? "" : `-${number}`;
      return pulumi.output({
        signingKey: pulumi.secret(args.signingKey ?? hexPassword(`${name}-signing${suffix}`, 64, this)),
        eventKey: pulumi.secret(args.eventKey ?? hexPassword(`${name}-event${suffix}`, 48, this)),
      });
    };
    const newest = pair(generation);
    const previous = step === "none" ? newest : pair(generation - 1);
    this.keys = pulumi.secret(
      pulumi.all([newest, previous]).apply(([newest, previous]) => keysAt(step, newest, previous)),
    );
    this.current = this.keys.apply(currentPair);
    this.registerOutputs({ keys: this.keys });
  }
}

/**
 * A stack's keys: its own, or those of the stack that `keysFrom` names.
 *
 * @throws {pulumi.RunError} when that stack does not exist or is not up
 */
export async function stackKeys(
  { keysFrom, keys }: Pick<ProgramSettings, "keysFrom" | "keys">,
  opts: pulumi.ComponentResourceOptions,
): Promise<Pick<SigningKeys, "keys" | "current">> {
  return keysFrom ? await keysOf(keysFrom) : new SigningKeys("keys", keys, opts);
}

async function keysOf(stack: string): Promise<Pick<SigningKeys, "keys" | "current">> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // A StackReference alone fails with the engine's own error, which names neither setting nor remedy.
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
  const keys = pulumi.secret(other.requireOutput("keys")) as Keys;
  return { keys, current: keys.apply(currentPair) };
}

/** A RandomPassword, because the ids of RandomId and RandomBytes hold their value in clear. */
function hexPassword(name: string, length: number, parent: pulumi.Resource): pulumi.Output<string> {
  const password = new random.RandomPassword(
    name,
    // Digits and these six characters: uniform hex without post-processing.
    { length, lower: false, upper: false, special: true, overrideSpecial: "abcdef" },
    { parent },
  );
  return password.result;
}
