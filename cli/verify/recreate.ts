import type { Patience } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { partsOf } from "../lib/parts.ts";
import { probedApp } from "./event.ts";
import { historyOf, missingFrom } from "./history.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyOutcome } from "./outcome.ts";
import { Probe, repeated } from "./probe.ts";
import type { Viewed } from "./registration.ts";
import { uninterrupted } from "./uninterrupted.ts";

/** `recreate`: the server's container or pod is removed and made anew; history and sleeping runs must be there. */
export function recreateCheck(stack: LiveStack, view: () => Promise<Viewed>, how: Patience): VerifyCheck {
  return {
    id: "recreate",
    async run(tell) {
      const server = partsOf(stack).find(({ name }) => name === "server");
      if (!server?.remove) return skipped("the server is a process, of which nothing is removed but by server-kill");
      if (!stack.keepsRuns) return skipped(`not promised here: the stack says "${stack.outputs.durability}"`);
      const app = probedApp(stack, await view());
      if (typeof app !== "string") return app;

      tell("start a run that sleeps");
      const before = await historyOf(stack);
      const sleeping = await Probe.send(stack, app, { napSeconds: stack.outputs.forward ? 40 : 10 });
      await sleeping.began(30);
      tell(`remove ${server.what}`);
      await uninterrupted(async () => {
        await server.remove?.();
        tell("make the server anew");
        await server.revive();
      });
      const gone = missingFrom(before, await historyOf(stack));
      if (gone > 0) return wrongly(stack, `${gone} of ${before.length} runs of its history are gone`);
      tell("wait for the sleeping run");
      const end = await sleeping.end(how.patienceSeconds);
      if (typeof end === "string") return wrongly(stack, `the sleeping run does not go on: ${end}`);
      const wrong = repeated(end);
      if (wrong.length > 0) return wrongly(stack, `the sleeping run went on wrongly: ${wrong.join("; ")}`);
      return passed(
        `${server.what} removed and made anew: ${before.length} runs of history are there, the sleeping one completed`,
      );
    },
  };
}

function wrongly(stack: LiveStack, what: string): VerifyOutcome {
  return failed(
    `the server was made anew, and ${what}`,
    stack.tier === "cluster"
      ? "Postgres or the queue has lost what it kept: neither is on a claim that outlives its pod"
      : "the server's folder is on no volume: the server writes ./.inngest unless INNGEST_SQLITE_DIR says another",
    `npm run doctor -- --stack ${stack.name}, which looks at the volumes`,
  );
}
