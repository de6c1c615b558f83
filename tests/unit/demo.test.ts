// Proves what the demo kills on which stack, its exact words, and that it fails when the run is lost or repeated. Server
// and places are stand-ins: real ones, and Ctrl-C, are for tests/integration/commands.test.ts.
import { beforeEach, describe, expect, test } from "vitest";
import { demoApp } from "../../cli/demo/app.ts";
import { announcement, moral, scenes } from "../../cli/demo/scenes.ts";
import { type Report, type Result, runChecks } from "../../cli/lib/checks/check.ts";
import { silent } from "../../cli/lib/checks/terminal.ts";
import { Unreachable } from "../../cli/lib/comparison.ts";
import type { LiveStack } from "../../cli/lib/live-stack.ts";
import type { Mark } from "../../cli/lib/progress/steps.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { type Behaviour, stackThat } from "../support/killed-stack.ts";

const pace = { holdSeconds: 8, nextStepMs: 0, runSeconds: 1 };
const onDocker = { tier: "docker", workerPlacement: "container" };

/** What was done to which part, such as `kill worker`. */
let calls: string[];
beforeEach(() => {
  calls = [];
});

const stack = (changes: Partial<Behaviour> = {}, outputs: Partial<Outputs> = {}, encrypted: string[] = []) =>
  stackThat(calls, changes, onDocker, encrypted, outputs);
const forgetful = { durability: { kept: false, text: "runs in flight are lost" } };

async function played(live: LiveStack): Promise<Result<Mark>[]> {
  return await runChecks(scenes(live, "app", pace), "✗", silent as Report<Mark>);
}
const words = (results: Result<Mark>[]) =>
  results.map(({ id, status, seen, remedy }) => `${status} ${id}: ${seen}${remedy ? `. Remedy: ${remedy}` : ""}`);

describe("no demo", () => {
  const declaring = (...ids: string[]) => {
    const declared = ids.map((id) => ({ id, triggers: [] }));
    return async () => ({ appId: "app", drift: [], crons: [], declared });
  };

  test("on an app that is the user's own", async () => {
    const values = { runtime: "external", workerUrl: "http://localhost:3000/api/inngest" };
    const live = stackThat(calls, {}, values);
    await expect(demoApp(live, declaring("verify-probe"))).rejects.toThrow(
      "the demo kills the app, and that of stack mine is yours: the stack neither starts nor ends it. " +
        "Remedy: npm run verify -- --stack mine --disruptive, which kills the rest",
    );
  });

  test("without the function that it runs", async () => {
    expect(await demoApp(stack(), declaring("verify-probe"))).toBe("app");
    await expect(demoApp(stack(), declaring("mine"))).rejects.toThrow(
      "the worker has no function verify-probe, and none of yours is started. " +
        "Copy worker/functions/verify-probe*.ts and worker/probe/",
    );
  });

  test("while the app does not answer", async () => {
    const compare = async () => new Unreachable("worker", new Error("nothing listens there"));
    await expect(demoApp(stack(), compare)).rejects.toThrow(
      "the worker does not answer: nothing listens there. Remedy: npm start -- --stack mine",
    );
  });
});

describe("a stack that keeps runs in flight", () => {
  test("loses queue, server and app, and its run completes", async () => {
    const live = stack();
    expect(announcement(live, pace)).toBe(
      "Stack mine: a test run of four steps starts. While its second step works (8 s), queue, server and worker are " +
        "killed with SIGKILL and brought back. None of your functions is started; a step of yours that is executing at " +
        "that moment is interrupted, and executed again.",
    );
    expect(words(await played(live))).toEqual([
      "✓ run: its first step is done, and its second one works",
      "✓ kill: queue (the fake queue), server (the fake server), worker (the fake worker): killed, and back after 0 s",
      "✓ finish: the run completed 0 s after the kill: the interrupted step ran 2 times, every other step once",
    ]);
    expect(moral(live)).toBe("Nothing was lost, and nothing that was done was done again.");
    expect(calls).toEqual(["kill queue", "kill server", "kill worker", "start queue", "start server", "start worker"]);
  });

  test("with a Redis of the user's own: that is left alone", async () => {
    const live = stack({}, {}, ["redisUrl"]);
    expect((await played(live)).map(({ status }) => status)).toEqual(["✓", "✓", "✓"]);
    expect(moral(live)).toMatch(/ Your own Redis was left alone\.$/);
    expect(calls).toEqual(["kill server", "kill worker", "start server", "start worker"]);
  });
});

test("a stack that keeps none loses only its app, and is told what a queue would have saved", async () => {
  const live = stack({}, forgetful);
  expect(announcement(live, pace)).toContain("While its second step works (8 s), worker is killed");
  expect((await played(live)).map(({ status }) => status)).toEqual(["✓", "✓", "✓"]);
  expect(calls).toEqual(["kill worker", "start worker"]);
  expect(moral(live)).toBe(
    "The server was left alone, because the run would have been lost with it: runs in flight are lost. " +
      "A queue of its own would have saved the run.",
  );
});

test("a machine without a program for a queue is told how to get one", () => {
  const live = stackThat(calls, {}, { queueBinary: "/nowhere/valkey-server" }, [], forgetful);
  expect(moral(live)).toMatch(
    / A queue of its own would have saved the run: pulumi config set queueBinary .+, then npm start -- --stack mine\.$/,
  );
});

test.each([
  [
    "the run does not resume",
    { status: "RUNNING" },
    "the run does not continue: not ended after 1 s. Remedy: npm run doctor -- --stack mine",
  ],
  [
    "a step that was done is executed again",
    { marks: { first: 2, hold: 2, last: 1, chained: 1 } },
    "the run ended, but not by continuing where it was: step first was executed 2 times. " +
      "Remedy: npm run logs -- --stack mine",
  ],
])("fails when %s", async (_, changes, text) => {
  expect(words(await played(stack(changes))).at(-1)).toBe(`✗ finish: ${text}`);
});

test("fails when a part does not come back, and still brings back the others", async () => {
  const live = stack();
  const place = live.parts.placeOf(live.parts.all[0] as never);
  place.start = async ({ name }) => {
    calls.push(`start ${name}`);
    if (name === "queue") throw new Error("the queue has no program");
    return true;
  };
  expect(words(await played(live))[1]).toBe(
    "✗ kill: queue (the fake queue), server (the fake server), worker (the fake worker): killed, and not brought back: " +
      "the queue has no program. Remedy: npm start -- --stack mine",
  );
  expect(calls.slice(-2)).toEqual(["start server", "start worker"]);
});
