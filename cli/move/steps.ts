import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHistory } from "../../lib/data/history.ts";
import type { StackData } from "../../lib/places/data.ts";
import type { StackParts } from "../../lib/places/places.ts";
import { Problem } from "../../lib/problem.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { replaceData, untilHealthy } from "../lib/backup/restore.ts";
import { copyWorkerData } from "../lib/backup/take.ts";
import type { Journal } from "../lib/journal.ts";
import { LiveStack } from "../lib/live-stack.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { verifyStack } from "../lib/verified.ts";

/**
 * How far a move has come. `begun`: the source's data counts, and the target's is overwritten. `placed`: the target has
 * the data, whose newest run or event began at `newest`. `live`: the target has run, and only its data counts.
 */
export type Move = { step: "begun" } | { step: "placed"; newest: number } | { step: "live" };

/** A stack as a move works on it. */
export interface MovableStack {
  dataFolder: string;
  parts: Pick<StackParts, "start" | "stop" | "stopWriters">;
  data: Pick<StackData, "copyEphemeralHistory">;
  /** Copies the data of the stopped stack into a folder. */
  copyData(folder: string): Promise<{ runs: number; unfinished: number }>;
  /** Replaces the data of the stopped stack by those in a folder. @returns where the replaced data is */
  replaceData(folder: string): Promise<string>;
  /** When its newest run or event began, in milliseconds since 1970. */
  newest(): Promise<number>;
}

/** What a move works with. */
export interface MoveTools {
  pulumi: Pick<Pulumi, "outputs" | "configure" | "change">;
  journal: Pick<Journal<Move>, "read" | "write" | "remove">;
  /** @throws {Problem} when the stack is not up */
  stateOf(stack: string): Promise<MovableStack>;
  copyWorkerData(data: string, folder: string): void;
  untilHealthy(stack: string): Promise<void>;
  verify(stack: string): Promise<void>;
}

export function moveTools(pulumi: Pulumi, journal: Journal<Move>): MoveTools {
  return {
    pulumi,
    journal,
    async stateOf(stack) {
      const live = await LiveStack.find(stack, pulumi);
      return {
        ...live,
        copyData: (folder) => copyStopped(live, folder),
        replaceData: (folder) => replaceData(live, folder),
        newest: async () => (await live.data.runNextToData("inspect", {})).newest,
      };
    },
    copyWorkerData,
    untilHealthy: (stack) => untilHealthy(pulumi, stack),
    verify: verifyStack,
  };
}

/**
 * Moves the data and the keys of one stack to another, from where an earlier run has ended. It may be killed anywhere: at
 * most one of the two takes events with the keys, and the next run continues with the data of that one.
 *
 * @throws {Problem} after going back to the source, and when going back would lose what the target has done
 */
export async function moveStack(tools: MoveTools, from: string, to: string): Promise<void> {
  const { journal } = tools;
  const begun = journal.read() ?? { step: "begun" };
  if (begun.step !== "live") {
    const source = await tools.stateOf(from);
    journal.write(begun);
    try {
      if (begun.step === "begun") await placeData(tools, from, source, to);
      await startTarget(tools, from, source, to);
    } catch (error) {
      await refuseToLose(tools, to, error as Error);
      console.error(`The move has failed (${(error as Error).message}). Bringing ${from} back ...`);
      await goBack(tools, from, source, to);
      journal.remove();
      throw new Problem(`stack ${from} runs again with all its data, and ${to} does not run`);
    }
    journal.write({ step: "live" });
  }
  await tools.untilHealthy(to);
  console.log(`Checking ${to}.`);
  await tools.verify(to);
  await (await tools.stateOf(from)).parts.stopWriters();
  journal.remove();
}

/** Stops the source and copies its data into the target. The source is only read, so all of it can be repeated. */
async function placeData(tools: MoveTools, from: string, source: MovableStack, to: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "move-"));
  try {
    // A move that was killed may have stopped its queue already, and only `up` brings back a process. It brings back no
    // more than that: the target may be up, which has the same ports.
    if (!(await source.parts.start("queue"))) await bringUp(tools, from, ["--target", "**::queue-process"]);
    console.log(`Stopping ${from}: events are refused until ${to} takes them.`);
    await quiesce(source);
    await source.data.copyEphemeralHistory?.(folder);
    console.log(`Copying the data of ${from}.`);
    const { runs, unfinished } = await source.copyData(folder);
    tools.copyWorkerData(source.dataFolder, folder);
    await source.parts.stop("queue");
    // With the source's keys it would take events now, which are lost when its data is replaced.
    console.log(`Bringing ${to} up, with other keys for now.`);
    // An earlier run may have stopped its queue, which `up` does not notice of a container.
    const before = await tools.stateOf(to).catch(() => undefined);
    await before?.parts.start("queue");
    await upWith(tools, to, undefined);
    const target = await tools.stateOf(to);
    console.log(`Replacing the data of ${to}.`);
    await target.parts.stopWriters();
    const previous = await target.replaceData(folder);
    tools.journal.write({ step: "placed", newest: await target.newest() });
    console.log(`Moved ${runs} runs, ${unfinished} of them in flight. What ${to} had before is in ${previous}.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Brings the target up with the data that was placed, and with the source's keys. */
async function startTarget(tools: MoveTools, from: string, source: MovableStack, to: string): Promise<void> {
  // Someone may have started it again since an earlier run.
  await quiesce(source);
  await source.parts.stop("queue");
  const keys = await tools.pulumi.outputs<Keys>(from);
  console.log(`Bringing ${to} up with the keys of ${from}.`);
  await (await tools.stateOf(to)).parts.start();
  await upWith(tools, to, keys);
}

type Keys = Pick<Outputs, "signingKey" | "eventKey">;

async function upWith({ pulumi }: MoveTools, stack: string, keys: Keys | undefined): Promise<void> {
  if (keys) await pulumi.configure(stack, {}, { signingKey: keys.signingKey, eventKey: keys.eventKey });
  else await pulumi.configure(stack, { signingKey: undefined, eventKey: undefined });
  await bringUp({ pulumi }, stack);
}

async function bringUp({ pulumi }: Pick<MoveTools, "pulumi">, stack: string, args: string[] = []): Promise<void> {
  if ((await pulumi.change("up", stack, args)) === "failed") throw new Problem(`stack ${stack} does not come up`);
}

/** Frees a stack's ports. A server whose history goes with its container keeps running, shut off, until the end. */
async function quiesce({ parts, data }: MovableStack): Promise<void> {
  await parts.stop("gateway");
  if (!data.copyEphemeralHistory) await parts.stopWriters();
  await parts.stop("worker");
}

/** @throws {Problem} when the target has taken events or continued runs, which going back would lose */
async function refuseToLose({ journal, stateOf }: MoveTools, to: string, { message }: Error): Promise<void> {
  const reached = journal.read();
  if (reached?.step !== "placed") return;
  const now = await stateOf(to).then(
    (target) => target.newest(),
    () => reached.newest,
  );
  if (now === reached.newest) return;
  throw new Problem(
    `${message} completely, but has done work already, so the move does not go back`,
    "fix that, and run the same command",
  );
}

async function goBack(tools: MoveTools, from: string, source: MovableStack, to: string): Promise<void> {
  // The source's data counts again from here on: a run after a kill below has to copy it again.
  tools.journal.write({ step: "begun" });
  const target = await tools.stateOf(to).catch(() => undefined);
  if (target) await quiesce(target);
  await target?.parts.stop("queue");
  await source.parts.start();
  if ((await tools.pulumi.change("up", from, [])) === "failed") {
    throw new Problem(`stack ${from} is not up again; what went wrong is above. Its data is unchanged`);
  }
}

async function copyStopped(
  { outputs: { stores }, data }: LiveStack,
  folder: string,
): Promise<{ runs: number; unfinished: number }> {
  if (data.copyEphemeralHistory) {
    const { counts, unfinished } = readHistory(join(folder, "history.db"));
    return { runs: counts.function_runs ?? 0, unfinished };
  }
  const taken = await data.runNextToData("snapshot", { queueUrl: stores.queueUrl }, folder);
  if ("noRoomIn" in taken) throw new Problem(`no room is left in ${taken.noRoomIn}, where the copy is made`);
  return { runs: taken.counts.function_runs ?? 0, unfinished: taken.unfinished };
}
