import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../../lib/problem.ts";
import type { Part, PartName } from "../../lib/stack/parts.ts";
import type { Check, Outcome } from "../lib/checks/check.ts";
import { killAndBringBack } from "../lib/kills/bring-back.ts";
import { Probe, repeated } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { missingQueue } from "../lib/missing-queue.ts";
import type { Mark } from "../lib/progress/steps.ts";

/** How long the demo's run works and is waited for. */
export interface Pace {
  /** Duration of the step that is interrupted, in seconds. */
  holdSeconds: number;
  /** Time in which the server stores one step and starts the next, in milliseconds. */
  nextStepMs: number;
  /** Longest wait for the run to end, in seconds. */
  runSeconds: number;
}

/** The parts that the demo kills: without a queue that outlives the server, only what the run survives. */
export function killedParts({ parts, outputs }: LiveStack): Part[] {
  const names: PartName[] = outputs.durability.kept ? ["queue", "server", "worker"] : ["worker"];
  return parts.all.filter(({ name }) => names.includes(name));
}

/** What the demo is about to do, for people. */
export function announcement(stack: LiveStack, { holdSeconds }: Pace): string {
  return (
    `Stack ${stack.name}: a test run of four steps starts. While its second step works (${holdSeconds} s), ` +
    `${listed(killedParts(stack))} ${killedParts(stack).length > 1 ? "are" : "is"} killed with SIGKILL and brought back. ` +
    "None of your functions is started; a step of yours that is executing at that moment is interrupted, and executed again."
  );
}

/** What the demo has shown, for people. */
export function moral({ name, settings, parts, outputs: { durability } }: LiveStack): string {
  if (!durability.kept) {
    const missing = missingQueue(settings);
    const remedy = missing instanceof Problem ? `: ${missing.remedy}, then npm start -- --stack ${name}` : "";
    return (
      "The server was left alone, because the run would have been lost with it: " +
      `${durability.text}. A queue of its own would have saved the run${remedy}.`
    );
  }
  const spared = parts.find("queue") ? "" : " Your own Redis was left alone.";
  return `Nothing was lost, and nothing that was done was done again.${spared}`;
}

/** The demo, scene by scene: each needs those before it. `app` is the worker's id on the server. */
export function scenes(stack: LiveStack, app: string, pace: Pace): Check<Mark>[] {
  const parts = killedParts(stack);
  let probe: Probe;
  let killedAt: number;
  return [
    {
      id: "run",
      async run(progress) {
        progress("wait for its first step");
        probe = await Probe.send(stack, app, { holdSeconds: pace.holdSeconds });
        if (!(await probe.began(30))) {
          throw new Problem("the run did not begin within 30 s, so nothing was killed", diagnosis(stack));
        }
        await sleep(pace.nextStepMs);
        return seen("its first step is done, and its second one works");
      },
    },
    {
      id: "kill",
      async run(progress) {
        const states = await Promise.all(parts.map((part) => stack.parts.stateOf(part)));
        const names = parts.map(({ name }, at) => `${name} (${states[at]?.what})`).join(", ");
        progress(names);
        const gone = await killAndBringBack(stack, parts, () => {
          killedAt = performance.now();
          progress(`bring back ${listed(parts)}`);
        });
        if (gone.length === 0) return seen(`${names}: killed, and back after ${secondsSince(killedAt)} s`);
        throw new Problem(
          `${names}: killed, and not brought back: ${gone.join("; ")}`,
          `npm start -- --stack ${stack.name}`,
        );
      },
    },
    {
      id: "finish",
      async run(progress) {
        progress("wait for the run");
        const end = await probe.end(pace.runSeconds);
        if (typeof end === "string") throw new Problem(`the run does not continue: ${end}`, diagnosis(stack));
        const wrong = repeated(end);
        if (wrong.length > 0) {
          throw new Problem(
            `the run ended, but not by continuing where it was: ${wrong.join("; ")}`,
            `npm run logs -- --stack ${stack.name}`,
          );
        }
        const { hold = 0 } = end.marks;
        const counts =
          hold > 1 ? `the interrupted step ran ${hold} times, every other step once` : "every step ran once";
        return seen(`the run completed ${secondsSince(killedAt)} s after the kill: ${counts}`);
      },
    },
  ];
}

function seen(text: string): Outcome<Mark> {
  return { status: "✓", seen: text };
}

function secondsSince(moment: number): number {
  return Math.round((performance.now() - moment) / 1000);
}

function diagnosis({ name }: LiveStack): string {
  return `npm run doctor -- --stack ${name}`;
}

/** Names of parts for people: `queue, server and worker`. */
function listed(parts: readonly Part[]): string {
  return new Intl.ListFormat("en-GB").format(parts.map(({ name }) => name));
}
