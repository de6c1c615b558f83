import { bringBack } from "../lib/kills/bring-back.ts";
import { Probe, repeated } from "../lib/kills/probe.ts";
import { uninterrupted } from "../lib/kills/uninterrupted.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { probedApp } from "./event.ts";
import { historyOf, missingFrom } from "./history.ts";
import { failed, passed, skipped, type Timeouts, type VerifyCheck, type VerifyOutcome } from "./outcome.ts";
import type { SharedComparison } from "./registration.ts";

/** `recreate`: the server's container or pod is removed and recreated; history and sleeping runs must still be there. */
export function recreateCheck(stack: LiveStack, comparison: SharedComparison, { runSeconds }: Timeouts): VerifyCheck {
  return {
    id: "recreate",
    async run(progress) {
      const server = stack.parts.find("server");
      const place = server && stack.parts.placeOf(server);
      if (!server || !place?.remove) return skipped("the server is a process, which server-kill covers");
      const { durability, forward } = stack.outputs;
      if (!durability.kept) return skipped(`not promised here: the stack says "${durability.text}"`);
      const app = probedApp(stack, await comparison());
      if (typeof app !== "string") return app;

      progress("start a run that sleeps");
      const before = await historyOf(stack);
      const sleeping = await Probe.send(stack, app, { napSeconds: forward ? 40 : 10 });
      await sleeping.began(30);
      const what = place.describe(server);
      progress(`remove ${what}`);
      await uninterrupted(async () => {
        await place.remove?.(server);
        progress("recreate the server");
        await bringBack(stack, server);
      });
      const gone = missingFrom(before, await historyOf(stack));
      if (gone > 0) return wrongly(stack, `${gone} of ${before.length} runs of its history are gone`);
      progress("wait for the sleeping run");
      const end = await sleeping.end(runSeconds);
      if (typeof end === "string") return wrongly(stack, `the sleeping run does not continue: ${end}`);
      const wrong = repeated(end);
      if (wrong.length > 0) return wrongly(stack, `the sleeping run continued wrongly: ${wrong.join("; ")}`);
      return passed(
        `${what} removed and recreated: ${before.length} runs of history are there, the sleeping run completed`,
      );
    },
  };
}

function wrongly(stack: LiveStack, what: string): VerifyOutcome {
  return failed(
    `the server was recreated, and ${what}`,
    stack.parts.find("server")?.keeps === "history"
      ? "the server's folder is on no volume: the server writes ./.inngest unless INNGEST_SQLITE_DIR says another"
      : "Postgres or the queue has lost what it kept: neither is on a claim that outlives its pod",
    `npm run doctor -- --stack ${stack.name}, which looks at the volumes`,
  );
}
