import { Unreachable } from "../lib/comparison.ts";
import { lacksProbe, Probe, probeFunction, repeated } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyContext, type VerifyOutcome } from "./outcome.ts";

/** Longest that a chain which does nothing may take on a loaded machine. */
const maxSeconds = 60;

/** Id of the app that has the probe's function, or why none can run. */
export async function probedApp({ stack, comparison }: VerifyContext): Promise<string | VerifyOutcome> {
  const compared = await comparison();
  if (compared instanceof Unreachable) return skipped("nothing can be run: see registered");
  const lacking = lacksProbe(stack, compared);
  return lacking ? skipped(lacking) : compared.appId;
}

/** `event`: a test event runs its function and the chained one, each step once. */
export function eventCheck(context: VerifyContext): VerifyCheck {
  const { stack, runSeconds } = context;
  return {
    id: "event",
    async run() {
      const app = await probedApp(context);
      if (typeof app !== "string") return app;
      const before = performance.now();
      let probe: Probe;
      try {
        probe = await Probe.send(stack, app, {});
      } catch (error) {
        return failed(
          `the event was not accepted: ${(error as Error).message}`,
          "the server has another event key than the stack, or is down",
          `npm start -- --stack ${stack.name}, which starts it with the stack's keys`,
        );
      }
      const end = await probe.end(Math.min(maxSeconds, runSeconds));
      const ms = Math.round(performance.now() - before);
      if (typeof end === "string") return failed(...(await stuck(stack, probe, Math.round(ms / 1000))));
      const wrong = repeated(end);
      if (wrong.length === 0) {
        return passed(
          `${probeFunction} and the function that it chains completed in ${ms} ms, each step executed once`,
        );
      }
      return failed(
        `${probeFunction} did not run each step exactly once: ${wrong.join("; ")}`,
        "two workers of one app on different machines have claim stores of their own, or a step was repeated after a failure",
        `npm run logs -- worker --stack ${stack.name} says what failed; several machines need one CLAIM_STORE`,
      );
    },
  };
}

async function stuck(
  stack: LiveStack,
  { sent: { eventId } }: Probe,
  seconds: number,
): Promise<[string, string, string]> {
  const errors = await stack.reach(async ({ api }) => {
    const runs = await api.runsOf(eventId);
    const steps = await Promise.all(runs.map(({ id }) => api.steps(id)));
    return { runs: runs.map(({ status }) => status), said: steps.flat().flatMap(({ error }) => error ?? []) };
  });
  const so = errors.runs.length > 0 ? `its run is ${errors.runs.join(", ")}` : "it has started no run";
  const said = errors.said[0] ? `; a step says: ${errors.said[0].slice(0, 200)}` : "";
  return [
    `the event was accepted, and after ${seconds} s ${so}${said}`,
    causeOf(stack, errors.runs.length > 0),
    `npm run doctor -- --stack ${stack.name}, and npm run logs -- --stack ${stack.name}`,
  ];
}

function causeOf({ parts, connects }: LiveStack, hasRun: boolean): string {
  if (!hasRun) {
    return "the server has no function for it (see registered), or ended in that moment: it acknowledges an event before it stores it";
  }
  if (connects) return "the worker's connection does not get through to Connect's port, or its way through the gateway";
  return parts.find("server")?.place === "host"
    ? "the worker refuses the server's calls (a signing key with a `signkey-` prefix registers and then fails each step), or is too busy"
    : "the server cannot reach the worker's address, or the worker refuses its calls (other keys, a `signkey-` prefix)";
}
