import { type Comparison, type Drift, Unreachable } from "../lib/comparison.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyContext, type VerifyOutcome } from "./outcome.ts";

/** `registered`, `triggers` and `crons`: server and worker say the same. */
export function registrationChecks({ stack, comparison }: VerifyContext): VerifyCheck[] {
  const again = `npm start -- --stack ${stack.name}, which registers the worker again`;
  /** A check that is skipped without a comparison: `registered` has said why there is none. */
  const ifCompared = (check: (compared: Comparison) => VerifyOutcome) => async () => {
    const found = await comparison();
    return found instanceof Unreachable
      ? skipped("worker and server cannot be compared: see registered")
      : check(found);
  };
  const textsOf = (drift: Drift[], ...problems: Drift["problem"][]) =>
    drift.filter(({ problem }) => problems.includes(problem)).map(({ text }) => text);

  return [
    {
      id: "registered",
      async run() {
        const found = await comparison();
        if (found instanceof Unreachable) return unreachable(stack, found);
        const { appId, declared, drift } = found;
        const missing = textsOf(drift, "missing", "unexpected");
        if (missing.length === 0) {
          return passed(`the server lists the ${declared.length} functions of app ${appId} that the worker declares`);
        }
        return failed(
          `the server lists app ${appId} differently from what the worker declares: ${missing.join("; ")}`,
          "the worker's code has changed since it registered, another worker registers under the same app id, or the server has lost its history: after a start neither asks the other",
          again,
        );
      },
    },
    {
      id: "triggers",
      run: ifCompared(({ drift, declared }) => {
        const stale = textsOf(drift, "triggers");
        const count = declared.reduce((sum, { triggers }) => sum + triggers.length, 0);
        if (stale.length === 0) return passed(`all ${count} triggers are the same in code and on the server`);
        return failed(
          `triggers are stale: ${stale.join("; ")}`,
          "a trigger has changed in code, and nothing has registered it since: the server does not ask for changes",
          again,
        );
      }),
    },
    {
      id: "crons",
      run: ifCompared(({ crons, declared }) => {
        const count = declared.flatMap(({ triggers }) => triggers).filter((trigger) => "cron" in trigger).length;
        if (count === 0) return passed("the worker declares no cron");
        if (!crons) return skipped(`this worker does not say whether its ${count} crons run: it has no /audit`);
        if (crons.length === 0) {
          return passed(`each of ${count} crons has run within twice its period, or is younger than that`);
        }
        return failed(
          `crons do not run: ${crons.map(({ text }) => text).join("; ")}`,
          "the server was down or this machine asleep when they were due (a missed tick is never run), or the server has lost its schedule",
          `wait for the next tick, or npm start -- --stack ${stack.name}; npm run logs -- server --stack ${stack.name} says more`,
        );
      }),
    },
  ];
}

function unreachable(stack: LiveStack, { who, status, message }: Unreachable): VerifyOutcome {
  const unauthorized = status === 401;
  if (who === "server") {
    return failed(
      `the server does not list its functions: ${message}`,
      unauthorized
        ? "the server has another signing key than the stack: it was started by hand, or with the keys of another stack"
        : "the server is down, or another program has its port",
      `npm start -- --stack ${stack.name}; npm run doctor -- --stack ${stack.name} looks further`,
    );
  }
  const app = `give it what \`npm run pulumi -- stack output appEnvironment --show-secrets --stack ${stack.name}\` says`;
  return failed(
    `the worker does not list its functions: ${message}`,
    unauthorized
      ? "the worker has another signing key than the stack, or its clock is more than five minutes off"
      : "the worker is down, or another program has its port",
    stack.isExternal
      ? `${app}, and start it`
      : `npm start -- --stack ${stack.name}, which restarts it with the stack's keys`,
  );
}
