import { rmSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { startedAt } from "../../lib/host/processes.ts";
import { readJson, writePrivateFile } from "../../lib/host/records.ts";
import { Problem } from "../../lib/problem.ts";
import { type Patience, until } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { probedApp } from "./event.ts";
import { historyOf, missingFrom } from "./history.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyOutcome } from "./outcome.ts";
import { Probe, repeated, type SentProbe } from "./probe.ts";
import type { Viewed } from "./registration.ts";

/** What `--before-reboot` leaves for `--after-reboot`. */
interface Armed {
  at: string;
  probe: SentProbe;
  history: string[];
}

/** Seconds that the armed run sleeps: it is to be asleep while the machine goes down. */
const napSeconds = 60;
/** `ps` tells a start in whole seconds, now and then the next or the one before; nobody arms so soon after a boot. */
const inexactMs = 2000;
/** Seconds for everything to be back after a boot. */
const backSeconds = 180;

export type RebootFlag = "before" | "after" | undefined;

/** `reboot`: armed before one, and checked after it. */
export function rebootCheck(
  stack: LiveStack,
  view: () => Promise<Viewed>,
  flag: RebootFlag,
  how: Patience,
): VerifyCheck {
  const file = join(stack.dataFolder, "verify", "armed.json");
  return {
    id: "reboot",
    async run(tell) {
      if (!flag) return skipped("needs --before-reboot, a reboot, and --after-reboot");
      const loss = notPromised(stack);
      if (loss) return loss;
      if (flag === "after") return await after(stack, file, how, tell);
      const app = probedApp(stack, await view());
      if (typeof app !== "string") return app;
      const history = await historyOf(stack);
      const { sent } = await Probe.send(stack, app, { napSeconds });
      const armed: Armed = { at: new Date().toISOString(), probe: sent, history };
      writePrivateFile(file, `${JSON.stringify(armed)}\n`);
      return passed(`armed: reboot, and then npm run verify -- --after-reboot --stack ${stack.name}`);
    },
  };
}

function notPromised({ outputs, keepsRuns }: LiveStack): VerifyOutcome | undefined {
  if (!keepsRuns) return skipped(`not promised here: the stack says "${outputs.durability}"`);
  const unwatched = Object.entries(outputs.supervision).filter(([, how]) => how.startsWith("none"));
  if (unwatched.length === 0) return undefined;
  return skipped(
    `not promised here: nothing brings back ${unwatched.map(([name]) => name).join(" and ")} (see supervision)`,
  );
}

async function after(
  stack: LiveStack,
  file: string,
  { patienceSeconds }: Patience,
  tell: (doing: string) => void,
): Promise<VerifyOutcome> {
  const armed = readJson<Armed>(file);
  if (!armed) {
    throw new Problem(`nothing was armed`, `npm run verify -- --before-reboot --stack ${stack.name}, then reboot`);
  }
  if (bootedAt() + inexactMs < Date.parse(armed.at)) {
    return failed(
      `this machine has not been rebooted since ${armed.at}`,
      "the reboot is still to come",
      "reboot, and run this again",
    );
  }
  tell("wait for server and worker to be back by themselves");
  const back = await until(backSeconds, () =>
    stack.reach(async ({ api, workerUrl }) => {
      const worker =
        stack.isExternal || (await fetch(`${workerUrl}/healthz`, { signal: AbortSignal.timeout(5000) })).ok;
      return worker && (await api.isHealthy()) ? true : undefined;
    }),
  );
  if (!back) {
    return failed(
      `${backSeconds} s after the boot server and worker do not both answer`,
      "their supervisor was disabled, lets nothing linger after logout, or Docker does not start by itself",
      `npm start -- --stack ${stack.name}, and docs/supervision.md`,
    );
  }
  const gone = missingFrom(armed.history, await historyOf(stack));
  // Without its history the server does not tell the armed run either.
  if (gone > 0) return lost(stack, `${gone} of ${armed.history.length} runs of the history are gone`);
  tell("wait for the armed run");
  const asleepSeconds = Math.max(0, (Date.parse(armed.at) - Date.now()) / 1000 + napSeconds);
  const end = await new Probe(stack, armed.probe).end(asleepSeconds + patienceSeconds);
  if (typeof end === "string") return lost(stack, `the armed run does not go on: ${end}`);
  const wrong = repeated(end);
  if (wrong.length > 0) return lost(stack, wrong.join("; "));
  rmSync(file, { force: true });
  return passed("after the reboot all is back by itself: the history, and the run that was asleep, each step once");
}

/** Also of a machine that is a container or a virtual one, which may tell the uptime of the machine below it. */
function bootedAt(): number {
  return startedAt(1)?.getTime() ?? Date.now() - uptime() * 1000;
}

function lost(stack: LiveStack, what: string): VerifyOutcome {
  return failed(
    `after the reboot ${what}`,
    "history or queue are on no disk that outlives a reboot, or the queue's Redis does not append to disk",
    `npm run doctor -- --stack ${stack.name}, which looks at queue and volumes`,
  );
}
