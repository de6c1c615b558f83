import { setTimeout as sleep } from "node:timers/promises";
import type { Part, PartName } from "../../lib/stack/parts.ts";
import { untilWorks } from "../../lib/wait.ts";
import { bringBack, killAndBringBack, uninterrupted } from "../lib/kills/bring-back.ts";
import { Probe, repeated } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { probedApp } from "./event.ts";
import { historyOf, missingFrom } from "./history.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyContext, type VerifyOutcome } from "./outcome.ts";

const kills: { id: string; parts: PartName[] }[] = [
  { id: "worker-kill", parts: ["worker"] },
  { id: "server-kill", parts: ["server"] },
  { id: "queue-kill", parts: ["queue"] },
  { id: "all-kill", parts: ["database", "queue", "server", "gateway", "worker"] },
];

/**
 * `worker-kill`, `server-kill`, `queue-kill` and `all-kill`: each kills its parts while one run is in the middle of a step
 * and, where the server keeps it, another sleeps. Both must complete, with every earlier step executed once.
 */
export function killChecks(context: VerifyContext): VerifyCheck[] {
  const { stack } = context;
  return kills.map(({ id, parts }) => ({
    id,
    async run(progress) {
      const here = stack.parts.all.filter(({ name }) => parts.includes(name));
      const app = notPromised(stack, parts, here) ?? (await probedApp(context));
      return typeof app === "string" ? await survives(context, app, here, progress) : app;
    },
  }));
}

/** What the tier does not promise, in its own words. */
function notPromised(stack: LiveStack, wanted: PartName[], here: Part[]): VerifyOutcome | undefined {
  const { durability } = stack.outputs;
  if (wanted.every((name) => name === "worker")) {
    return here.length > 0
      ? undefined
      : skipped("the worker is an app of yours, which the stack neither starts nor ends");
  }
  if (!durability.kept) return skipped(`not promised here: the stack says "${durability.text}"`);
  if (wanted.every((name) => name === "queue") && here.length === 0) {
    return skipped("the queue is a Redis of yours (`redisUrl`), which the stack neither starts nor ends");
  }
  return undefined;
}

async function survives(
  { stack, runSeconds, nextStepMs }: VerifyContext,
  app: string,
  parts: Part[],
  progress: (doing: string) => void,
): Promise<VerifyOutcome> {
  const names = parts.map(({ name }) => name).join(", ");
  const workerOnly = parts.every(({ name }) => name === "worker");
  // Long enough for the kill to come within it, also through a slow forward.
  const holdSeconds = stack.outputs.forward ? 20 : 5;
  progress(workerOnly ? "start a run" : "start a run that works, and a run that sleeps");
  const probes: Probe[] = [];
  // The one that works is the last, so that it still works when its parts are killed.
  for (const data of [...(workerOnly ? [] : [{ napSeconds: holdSeconds * 2 }]), { holdSeconds }]) {
    const probe = await Probe.send(stack, app, data);
    probes.push(probe);
    if (await probe.began(30)) continue;
    return failed(
      "the run did not begin within 30 s, so nothing was killed",
      "the server cannot reach the worker, or is busy",
      `npm run verify -- --stack ${stack.name} first; its check event says more`,
    );
  }
  await sleep(nextStepMs);
  progress(`kill ${parts.map((part) => stack.parts.placeOf(part).describe(part)).join(", ")}`);
  const killedAt = performance.now();
  const gone = await killAndBringBack(stack, parts, () => progress(`bring back ${names}`));
  if (gone.length > 0) {
    return failed(
      `${names} killed, and not brought back: ${gone.join("; ")}`,
      "what restarts it on this tier is disabled or finds something in its place, or its program or settings have changed since it started",
      `npm start -- --stack ${stack.name}; npm run logs -- --stack ${stack.name} says what it ended with`,
    );
  }
  if (!(await untilWorks({ seconds: runSeconds }, () => stack.reach(({ api }) => api.isHealthy())))) {
    return failed(
      `the server does not answer ${runSeconds} s after ${names} was killed`,
      "it finds no queue, no database or a taken port, or the gateway in front of it does not start",
      `npm run logs -- --stack ${stack.name}`,
    );
  }
  progress("wait for the runs to end");
  const ends = await Promise.all(probes.map((probe) => probe.end(runSeconds)));
  const seconds = Math.round((performance.now() - killedAt) / 1000);
  const lost = ends.filter((end) => typeof end === "string");
  if (lost.length > 0) {
    return failed(
      `${names} killed: ${lost.length} of ${probes.length} runs do not continue: ${[...new Set(lost)].join("; ")}`,
      workerOnly
        ? "the worker is back at another address, or its claim store or keys have changed; a worker that connects is asked again after up to 150 s"
        : "the queue keeps nothing: it is in the server's memory, or its Redis does not append to disk (appendonly no) or has no volume",
      `npm run doctor -- --stack ${stack.name}, which looks at queue and volumes; --patience for a longer wait`,
    );
  }
  const completed = ends.filter((end) => typeof end !== "string");
  const wrong = completed.flatMap((end) => repeated(end));
  const executed = completed.at(-1)?.marks.hold ?? 0;
  // A step that was not interrupted proves nothing.
  if (workerOnly && executed < 2) wrong.push(`the step that was interrupted was executed ${executed} times`);
  if (wrong.length > 0) {
    return failed(
      `${names} killed: the runs ended, but not by continuing where they were: ${wrong.join("; ")}`,
      "the server has lost what it had stored of a run, or two servers work on one queue",
      `npm run logs -- --stack ${stack.name}`,
    );
  }
  const what = probes.length > 1 ? "a run within a step and one asleep" : "a run within a step";
  const tries = executed > 1 ? `that step ${executed} times, ` : "";
  return passed(`${names} killed: ${what} continued and completed ${seconds} s later, ${tries}every earlier step once`);
}

/** `recreate`: the server's container or pod is removed and recreated; history and sleeping runs must still be there. */
export function recreateCheck(context: VerifyContext): VerifyCheck {
  const { stack, runSeconds } = context;
  return {
    id: "recreate",
    async run(progress) {
      const server = stack.parts.find("server");
      const place = server && stack.parts.placeOf(server);
      if (!server || !place?.remove) return skipped("the server is a process, which server-kill covers");
      const { durability, forward } = stack.outputs;
      if (!durability.kept) return skipped(`not promised here: the stack says "${durability.text}"`);
      const app = await probedApp(context);
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
