import { setTimeout as sleep } from "node:timers/promises";
import { type Patience, until } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { type Part, type PartName, partNames, partsOf } from "../lib/parts.ts";
import { probedApp } from "./event.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyOutcome } from "./outcome.ts";
import { Probe, repeated } from "./probe.ts";
import type { Viewed } from "./registration.ts";
import { uninterrupted } from "./uninterrupted.ts";

const kills: { id: string; parts: readonly PartName[] }[] = [
  { id: "worker-kill", parts: ["worker"] },
  { id: "server-kill", parts: ["server"] },
  { id: "queue-kill", parts: ["queue"] },
  { id: "all-kill", parts: partNames },
];

/**
 * `worker-kill`, `server-kill`, `queue-kill` and `all-kill`: each kills its parts under one run that is in the middle of a
 * step and, where the server is to keep it, one that sleeps; both must come to their end, earlier steps executed once.
 */
export function killChecks(stack: LiveStack, view: () => Promise<Viewed>, how: Patience): VerifyCheck[] {
  return kills.map(({ id, parts }) => ({
    id,
    async run(tell) {
      const here = partsOf(stack).filter(({ name }) => parts.includes(name));
      const app = notPromised(stack, parts, here) ?? probedApp(stack, await view());
      return typeof app === "string" ? await survives(stack, app, here, how, tell) : app;
    },
  }));
}

/** What the tier does not promise, in its own words. */
function notPromised(stack: LiveStack, wanted: readonly PartName[], here: Part[]): VerifyOutcome | undefined {
  const { durability } = stack.outputs;
  if (wanted.every((name) => name === "worker")) {
    return here.length > 0
      ? undefined
      : skipped("the worker is an app of yours, which the stack neither starts nor ends");
  }
  if (!stack.keepsRuns) return skipped(`not promised here: the stack says "${durability}"`);
  if (wanted.every((name) => name === "queue") && here.length === 0) {
    return skipped("the queue is a Redis of yours (`redisUrl`), which the stack neither starts nor ends");
  }
  return undefined;
}

async function survives(
  stack: LiveStack,
  app: string,
  parts: Part[],
  { patienceSeconds, nextStepMilliseconds }: Patience,
  tell: (doing: string) => void,
): Promise<VerifyOutcome> {
  const names = parts.map(({ name }) => name).join(", ");
  const workerOnly = parts.every(({ name }) => name === "worker");
  // Long enough for the kill to come within it, also through a forward that takes its time.
  const holdSeconds = stack.outputs.forward ? 20 : 5;
  tell(workerOnly ? "start a run" : "start a run that works, and one that sleeps");
  const probes: Probe[] = [];
  // The one that works is the last, so that it still does when it is killed under.
  for (const data of [...(workerOnly ? [] : [{ napSeconds: holdSeconds * 2 }]), { holdSeconds }]) {
    const probe = await Probe.send(stack, app, data);
    probes.push(probe);
    if (await probe.began(30)) continue;
    return failed(
      "the run did not begin within 30 s, so nothing was killed",
      "the server cannot reach the worker, or is busy",
      `npm run verify -- --stack ${stack.name} first; its event says more`,
    );
  }
  await sleep(nextStepMilliseconds);
  tell(`kill ${parts.map(({ what }) => what).join(", ")}`);
  const killedAt = performance.now();
  const gone = await uninterrupted(() => killAndRevive(parts, () => tell(`bring back ${names}`)));
  if (gone.length > 0) {
    return failed(
      `${names} killed, and not brought back: ${gone.join("; ")}`,
      "what brings it back on this tier is disabled or finds something in its place, or what it starts with has changed or gone since it started",
      `npm start -- --stack ${stack.name}; npm run logs -- --stack ${stack.name} says what it ended with`,
    );
  }
  const isBack = await until(patienceSeconds, () =>
    stack.reach(async ({ api }) => ((await api.isHealthy()) ? true : undefined)),
  );
  if (!isBack) {
    return failed(
      `the server does not answer ${patienceSeconds} s after ${names} was killed`,
      "it finds no queue, no database or a taken port, or the gateway before it does not start",
      `npm run logs -- --stack ${stack.name}`,
    );
  }
  tell("wait for the runs to come to their end");
  const ends = await Promise.all(probes.map((probe) => probe.end(patienceSeconds)));
  const seconds = Math.round((performance.now() - killedAt) / 1000);
  const lost = ends.filter((end) => typeof end === "string");
  if (lost.length > 0) {
    return failed(
      `${names} killed: ${lost.length} of ${probes.length} runs do not go on: ${[...new Set(lost)].join("; ")}`,
      workerOnly
        ? "the worker is back at another address, or its claim store or keys have changed; a worker that connects is asked again after up to 150 s"
        : "the queue keeps nothing: it is in the server's memory, or its Redis does not append to disk (appendonly no) or has no volume",
      `npm run doctor -- --stack ${stack.name}, which looks at queue and volumes; --patience for a longer wait`,
    );
  }
  const completed = ends.filter((end) => typeof end !== "string");
  const wrong = completed.flatMap((end) => repeated(end));
  const executed = completed.at(-1)?.marks.hold ?? 0;
  // A step that was not cut short would prove nothing.
  if (workerOnly && executed < 2) wrong.push(`the step that was cut short was executed ${executed} times`);
  if (wrong.length > 0) {
    return failed(
      `${names} killed: the runs came to their end otherwise than by going on: ${wrong.join("; ")}`,
      "the server has lost what it had kept of a run, or two servers work on one queue",
      `npm run logs -- --stack ${stack.name}`,
    );
  }
  const what = probes.length > 1 ? "a run within a step and one asleep" : "a run within a step";
  const tries = executed > 1 ? `that step ${executed} times, ` : "";
  return passed(`${names} killed: ${what} went on and completed ${seconds} s later, ${tries}every earlier step once`);
}

/** Resolves to why parts are not back. */
async function killAndRevive(parts: Part[], tell: () => void): Promise<string[]> {
  await Promise.all(parts.map((part) => part.kill()));
  tell();
  const gone: string[] = [];
  // Whatever comes of one, the others are not left dead.
  for (const part of parts) await part.revive().catch((error: Error) => gone.push(error.message));
  return gone;
}
