import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHistory } from "../../lib/data/history.ts";
import { dataFolder } from "../../lib/host/paths.ts";
import { Problem } from "../../lib/problem.ts";
import { replaceState, untilHealthy } from "../lib/backup/restore.ts";
import { copyWorkerData, type StackState, stateOf } from "../lib/backup/take.ts";
import type { Journal } from "../lib/journal.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { verified } from "../lib/verified.ts";

/**
 * How far a move has come. `begun`: the source's data are those that count, and the target's are overwritten. `placed`:
 * the target has them, the newest of them from that moment. `live`: the target has run, and nothing of the source's
 * counts any more.
 */
export type Move = { step: "begun" } | { step: "placed"; newest: number } | { step: "live" };

/** What a move does its work by. */
export interface MoveTools {
  pulumi: Pick<Pulumi, "outputs" | "configure" | "configureSecret" | "change">;
  journal: Pick<Journal<Move>, "read" | "write" | "remove">;
  stateOf(stack: string): Promise<StackState>;
  /** Copies what a stopped stack knows into a folder. */
  take(source: StackState, folder: string): Promise<{ runs: number; unfinished: number }>;
  copyWorkerData(data: string, folder: string): void;
  replaceState(stack: string, state: StackState, folder: string): Promise<string>;
  /** When the newest run or event of a stack began. */
  newest(state: StackState): Promise<number>;
  untilHealthy(stack: string): Promise<void>;
  verified(stack: string): Promise<void>;
}

export function moveTools(pulumi: Pulumi, journal: Journal<Move>): MoveTools {
  return {
    pulumi,
    journal,
    stateOf: (stack) => stateOf(pulumi, stack),
    take: takeStopped,
    copyWorkerData,
    replaceState,
    newest: async ({ data }) => (await data.runNextToData("inspect", {})).newest,
    untilHealthy: (stack) => untilHealthy(pulumi, stack),
    verified,
  };
}

/**
 * Moves what `from` knows to `to`, from where an earlier try has ended. It may end anywhere: at every moment at most one
 * of the two takes events with the keys, and the next try goes on with that one's data.
 */
export async function moveStack(tools: MoveTools, from: string, to: string): Promise<void> {
  const { journal } = tools;
  const begun = journal.read() ?? { step: "begun" };
  if (begun.step !== "live") {
    const source = await tools.stateOf(from);
    journal.write(begun);
    try {
      if (begun.step === "begun") await place(tools, from, source, to);
      await takeOver(tools, from, source, to);
    } catch (error) {
      await refuseToLose(tools, to, error as Error);
      console.error(`The move does not work (${(error as Error).message}). Bringing ${from} back ...`);
      await comeBack(tools, from, source, to);
      journal.remove();
      throw new Problem(`stack ${from} runs again with all it had, and ${to} does not run`);
    }
    journal.write({ step: "live" });
  }
  await tools.untilHealthy(to);
  console.log(`Checking ${to}.`);
  await tools.verified(to);
  await (await tools.stateOf(from)).parts.stopWriters();
  journal.remove();
}

/** Stops the source and puts what it has into the target. The source is only read, so that all of it may be repeated. */
async function place(tools: MoveTools, from: string, source: StackState, to: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "move-"));
  try {
    console.log(`Stopping ${from}: events are refused from here on until ${to} takes them.`);
    await quiet(source);
    await source.data.copyEphemeralHistory?.(folder);
    console.log(`Taking what ${from} has.`);
    const { runs, unfinished } = await tools.take(source, folder);
    tools.copyWorkerData(dataFolder(from, source.dataDir), folder);
    await source.parts.stop("queue");
    // With keys of its own it refuses the events of those who have the source's: what it took would be replaced.
    console.log(`Bringing ${to} up, still with other keys.`);
    // An earlier try may have stopped it, which `up` does not notice of a container.
    const before = await tools.stateOf(to).catch(() => undefined);
    await before?.parts.start("queue");
    await upWith(tools, to, undefined);
    const target = await tools.stateOf(to);
    console.log(`Putting what ${from} had into ${to}.`);
    await target.parts.stopWriters();
    const aside = await tools.replaceState(to, target, folder);
    tools.journal.write({ step: "placed", newest: await tools.newest(target) });
    console.log(`Moved ${runs} runs, ${unfinished} of them in flight. What ${to} had before is in ${aside}.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Gives the target the keys and brings it up with what was placed. */
async function takeOver(tools: MoveTools, from: string, source: StackState, to: string): Promise<void> {
  // Somebody may have started it again since an earlier try.
  await quiet(source);
  await source.parts.stop("queue");
  const keys = await tools.pulumi.outputs<Keys>(from);
  console.log(`Bringing ${to} up with it, and with the keys of ${from}.`);
  await (await tools.stateOf(to)).parts.start();
  await upWith(tools, to, keys);
}

interface Keys {
  signingKey: string;
  eventKey: string;
}

async function upWith({ pulumi }: MoveTools, stack: string, keys: Keys | undefined): Promise<void> {
  if (keys) {
    await pulumi.configureSecret(stack, "signingKey", keys.signingKey);
    await pulumi.configureSecret(stack, "eventKey", keys.eventKey);
  } else {
    await pulumi.configure(stack, { signingKey: undefined, eventKey: undefined });
  }
  if ((await pulumi.change("up", stack, [])) !== 0) throw new Problem(`stack ${stack} does not come up`);
}

/** Takes a stack's ports. A server whose history goes with its container stays, shut off, until nobody needs it any more. */
async function quiet({ parts, data }: StackState): Promise<void> {
  await parts.stop("gateway");
  if (!data.copyEphemeralHistory) await parts.stopWriters();
  await parts.stop("worker");
}

/** Throws {@link Problem} where the target came up far enough to take events or go on with runs, which would be lost with it. */
async function refuseToLose({ journal, ...tools }: MoveTools, to: string, { message }: Error): Promise<void> {
  const reached = journal.read();
  if (reached?.step !== "placed") return;
  const newest = await tools.stateOf(to).then(tools.newest, () => reached.newest);
  if (newest === reached.newest) return;
  throw new Problem(
    `${message} as a whole, and has worked already, so the move does not go back`,
    `mend that, and run the same command`,
  );
}

async function comeBack(tools: MoveTools, from: string, source: StackState, to: string): Promise<void> {
  // From here on the source's data count again: a try after a death below has to take them anew.
  tools.journal.write({ step: "begun" });
  const target = await tools.stateOf(to).catch(() => undefined);
  if (target) await quiet(target);
  await target?.parts.stop("queue");
  await source.parts.start();
  if ((await tools.pulumi.change("up", from, [])) !== 0) {
    throw new Problem(`stack ${from} is not up again; what went wrong is above. Its data are as they were`);
  }
}

async function takeStopped(
  { stores, parts, data }: StackState,
  folder: string,
): Promise<{ runs: number; unfinished: number }> {
  if (data.copyEphemeralHistory) {
    const { counts, unfinished } = readHistory(join(folder, "history.db"));
    return { runs: counts.function_runs ?? 0, unfinished };
  }
  // A move that was killed may have stopped the queue already.
  await parts.start("queue");
  const taken = await data.runNextToData("snapshot", { queueUrl: stores.queueUrl }, folder);
  return { runs: taken.counts.function_runs ?? 0, unfinished: taken.unfinished };
}
