import { NoView, type Seen, type View } from "../lib/comparison.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { failed, passed, skipped, type VerifyCheck } from "./outcome.ts";

/** The view, or why there is none. */
export type Viewed = View | NoView;

/** `registered`, `triggers` and `crons`: server and worker say the same. */
export function registrationChecks(stack: LiveStack, view: () => Promise<Viewed>): VerifyCheck[] {
  const again = `npm start -- --stack ${stack.name}, which registers the worker again`;
  /** With a view, or skipped: `registered` has said why there is none. */
  const with_ = (look: (view: View) => ReturnType<VerifyCheck["run"]>) => async () => {
    const seen = await view();
    return seen instanceof NoView ? skipped("worker and server cannot be compared: see registered") : await look(seen);
  };
  const of = (drift: Seen[], ...problems: Seen["problem"][]) =>
    drift.filter(({ problem }) => problems.includes(problem)).map(({ text }) => text);

  return [
    {
      id: "registered",
      async run() {
        const seen = await view();
        if (seen instanceof NoView) return noView(stack, seen);
        const { appId, declared, drift } = seen;
        const missing = of(drift, "missing", "unexpected");
        if (missing.length === 0) {
          return passed(`the server lists the ${declared.length} functions of app ${appId} that the worker declares`);
        }
        return failed(
          `the server lists app ${appId} otherwise than the worker declares it: ${missing.join("; ")}`,
          "the worker's code has changed since it registered, another worker registers under the same app id, or the server has lost its history: after a start neither asks the other",
          again,
        );
      },
    },
    {
      id: "triggers",
      run: with_(async ({ drift, declared }) => {
        const stale = of(drift, "triggers");
        const count = declared.reduce((sum, { triggers }) => sum + triggers.length, 0);
        if (stale.length === 0) return passed(`all ${count} triggers are the same in code and on the server`);
        return failed(
          `triggers are stale: ${stale.join("; ")}`,
          "a trigger has changed in code, and nothing has registered it since: the server asks no worker for it by itself",
          again,
        );
      }),
    },
    {
      id: "crons",
      run: with_(async ({ crons, declared }) => {
        const count = declared.flatMap(({ triggers }) => triggers).filter((each) => each.startsWith("cron ")).length;
        if (count === 0) return passed("the worker declares no cron");
        if (!crons) return skipped(`whether its ${count} crons run, this worker does not tell: it has no /audit`);
        if (crons.length === 0) {
          return passed(`each of ${count} crons has run within twice its period, or is younger than that`);
        }
        return failed(
          `crons do not run: ${crons.map(({ text }) => text).join("; ")}`,
          "the server was down or this machine asleep when they were due (a missed tick is not made up for), or the server has lost its schedule",
          `wait for the next tick, or npm start -- --stack ${stack.name}; npm run logs -- server --stack ${stack.name} says more`,
        );
      }),
    },
  ];
}

function noView(stack: LiveStack, { of, message }: NoView) {
  const unauthorized = /HTTP 401/.test(message);
  if (of === "server") {
    return failed(
      `the server does not tell its functions: ${message}`,
      unauthorized
        ? "the server has another signing key than the stack: it was started by hand, or with the keys of another stack"
        : "the server is down, or something else is at its address",
      `npm start -- --stack ${stack.name}; npm run doctor -- --stack ${stack.name} looks further`,
    );
  }
  const app = `give it what \`npm run pulumi -- stack output appEnvironment --show-secrets --stack ${stack.name}\` says`;
  return failed(
    `the worker does not tell its functions: ${message}`,
    unauthorized
      ? "the worker has another signing key than the stack, or its clock is more than five minutes off"
      : "the worker is down, or something else is at its address",
    stack.isExternal
      ? `${app}, and start it`
      : `npm start -- --stack ${stack.name}, which restarts it with the stack's keys`,
  );
}
