import { Problem } from "../../lib/problem.ts";
import { compareFunctions, Unreachable } from "../lib/comparison.ts";
import { lacksProbe } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/**
 * Id of the app that can run the demo.
 *
 * @throws {Problem} when there is none, and for an app that is the user's own to start and end
 */
export async function demoApp(stack: LiveStack, compare = compareFunctions): Promise<string> {
  const { name, isExternal } = stack;
  if (isExternal) {
    throw new Problem(
      `the demo kills the app, and that of stack ${name} is yours: the stack neither starts nor ends it`,
      `npm run verify -- --stack ${name} --disruptive, which kills the rest`,
    );
  }
  const compared = await compare(stack);
  if (compared instanceof Unreachable) {
    throw new Problem(`the ${compared.who} does not answer: ${compared.message}`, `npm start -- --stack ${name}`);
  }
  const lacking = lacksProbe(stack, compared);
  if (lacking) throw new Problem(lacking);
  return compared.appId;
}
