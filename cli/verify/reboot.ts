import { rmSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { readJson, writePrivateFile } from "../../lib/data/private-file.ts";
import { startedAt } from "../../lib/host/processes.ts";
import { Problem } from "../../lib/problem.ts";
import { untilWorks } from "../../lib/wait.ts";
import { Probe, repeated, type SentProbe } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { probedApp } from "./event.ts";
import { historyOf, missingFrom } from "./history.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyContext, type VerifyOutcome } from "./outcome.ts";

/** What `--before-reboot` leaves for `--after-reboot`. */
interface Armed {
  at: string;
  probe: SentProbe;
  history: string[];
}

/** Seconds that the armed run sleeps: long enough to be asleep while the machine goes down. */
const napSeconds = 60;
/** `ps` rounds the time of a start to whole seconds, in either direction. */
const inexactMs = 2000;
/** Seconds for everything to be back after a boot. */
const backSeconds = 180;

/** `reboot`: armed before one, and checked after it. */
export function rebootCheck(context: VerifyContext, flag: "before" | "after" | undefined): VerifyCheck {
  const { stack } = context;
  const file = join(stack.dataFolder, "verify", "armed.json");
  return {
    id: "reboot",
    async run(progress) {
      if (!flag) return skipped("needs --before-reboot, a reboot, and --after-reboot");
      const loss = notPromised(stack);
      if (loss) return loss;
      if (flag === "after") return await after(context, file, progress);
      const app = await probedApp(context);
      if (typeof app !== "string") return app;
      const history = await historyOf(stack);
      const { sent } = await Probe.send(stack, app, { napSeconds });
      const armed: Armed = { at: new Date().toISOString(), probe: sent, history };
      writePrivateFile(file, `${JSON.stringify(armed)}\n`);
      return passed(`armed: reboot, and then npm run verify -- --after-reboot --stack ${stack.name}`);
    },
  };
}

function notPromised({ outputs: { durability, supervision } }: LiveStack): VerifyOutcome | undefined {
  if (!durability.kept) return skipped(`not promised here: the stack says "${durability.text}"`);
  const unsupervised = Object.entries(supervision).filter(([, { by }]) => by === "none");
  if (unsupervised.length === 0) return undefined;
  return skipped(
    `not promised here: nothing brings back ${unsupervised.map(([name]) => name).join(" and ")} (see supervision)`,
  );
}

async function after(
  { stack, runSeconds }: VerifyContext,
  file: string,
  progress: (doing: string) => void,
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
  progress("wait for server and worker to be back");
  const back = await untilWorks({ seconds: backSeconds }, () =>
    stack.reach(async ({ api, workerUrl }) => {
      const worker =
        stack.isExternal || (await fetch(`${workerUrl}/healthz`, { signal: AbortSignal.timeout(5000) })).ok;
      return worker && (await api.isHealthy()) ? true : undefined;
    }),
  );
  if (!back) {
    return failed(
      `${backSeconds} s after the boot server and worker do not both answer`,
      "their supervisor was disabled, lets nothing linger after logout, or Docker does not start with the machine",
      `npm start -- --stack ${stack.name}, and docs/supervision.md`,
    );
  }
  const gone = missingFrom(armed.history, await historyOf(stack));
  // Without its history the server does not know the armed run either.
  if (gone > 0) return lost(stack, `${gone} of ${armed.history.length} runs of the history are gone`);
  progress("wait for the armed run");
  const asleepSeconds = Math.max(0, (Date.parse(armed.at) - Date.now()) / 1000 + napSeconds);
  const end = await new Probe(stack, armed.probe).end(asleepSeconds + runSeconds);
  if (typeof end === "string") return lost(stack, `the armed run does not continue: ${end}`);
  const wrong = repeated(end);
  if (wrong.length > 0) return lost(stack, wrong.join("; "));
  rmSync(file, { force: true });
  return passed("after the reboot everything is back: the history, and the run that was asleep, each step once");
}

/** By the first process: a container or a virtual machine may report the uptime of its host. */
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
