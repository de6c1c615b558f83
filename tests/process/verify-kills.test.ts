// Proves that each disruptive check fails for its own reason against a server that keeps, loses or repeats runs, and which
// parts it kills. Server and places are stand-ins: that real ones keep runs is for
// tests/integration/verify-docker.test.ts, and what a kill is at each place for tests/process/.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LiveStack } from "../../cli/lib/live-stack.ts";
import { refuseForeignRuns } from "../../cli/verify/in-flight.ts";
import { killChecks, recreateCheck } from "../../cli/verify/kills.ts";
import type { VerifyContext } from "../../cli/verify/outcome.ts";
import { rebootCheck } from "../../cli/verify/reboot.ts";
import { Home } from "../support/host.ts";
import { type Behaviour, stackThat as fakeStackThat, goodBehaviour } from "../support/killed-stack.ts";

let home: Home;
/** What was done to which part, such as `kill worker`. */
let calls: string[];
beforeEach(() => {
  home = new Home();
  calls = [];
  vi.stubGlobal("fetch", async () => new Response());
});
afterEach(() => home.dispose());

const onDocker = { tier: "docker", workerPlacement: "container" };
const stackThat = (changes: Partial<Behaviour> = {}, values: Record<string, string> = onDocker, encrypted?: string[]) =>
  fakeStackThat(calls, changes, { dataDir: home.folder, ...values }, encrypted);

const comparison: VerifyContext["comparison"] = async () => ({
  appId: "app",
  drift: [],
  declared: [{ id: "verify-probe", triggers: [{ event: "verify/probe" }] }],
  crons: [],
});
const timeouts = { runSeconds: 1, nextStepMs: 0 };

async function look(id: string, stack: LiveStack) {
  const context = { ...timeouts, stack, comparison };
  const checks = [...killChecks(context), recreateCheck(context), rebootCheck(context, "after")];
  return await checks.find((check) => check.id === id)?.run(() => {});
}

describe.each([
  ["worker-kill", ["worker"]],
  ["server-kill", ["server"]],
  ["queue-kill", ["queue"]],
  ["all-kill", ["queue", "server", "gateway", "worker"]],
])("%s", (id, parts) => {
  test("kills its parts, brings them back in order, and passes when the runs continue", async () => {
    expect(await look(id, stackThat())).toMatchObject({
      status: "passed",
      seen: expect.stringContaining("every earlier step once"),
    });
    expect(calls).toEqual([...parts.map((part) => `kill ${part}`), ...parts.map((part) => `start ${part}`)]);
  });

  test("fails when the runs do not resume", async () => {
    expect(await look(id, stackThat({ status: "RUNNING" }))).toMatchObject({
      status: "failed",
      seen: expect.stringMatching(/^.+ killed: (1 of 1|2 of 2) runs do not continue: not ended after 1 s$/),
      cause: expect.any(String),
      remedy: expect.any(String),
    });
  });
});

describe("on tier cluster", () => {
  const killed = async (id: string, encrypted: string[] = []) => {
    const values = { tier: "cluster", kubeContext: "here", workerPlacement: "container", workerImage: "w:1" };
    expect(await look(id, stackThat({}, values, encrypted))).toMatchObject({ status: "passed" });
    return calls.filter((call) => call.startsWith("kill")).map((call) => call.replace("kill ", ""));
  };

  test("all-kill kills everything, Postgres and Redis with it, and brings Postgres back first", async () => {
    expect(await killed("all-kill")).toEqual(["database", "queue", "server", "gateway", "worker"]);
    expect(calls.find((call) => call.startsWith("start"))).toBe("start database");
  });

  test.each([
    ["Postgres", "postgresUrl", ["queue", "server", "gateway", "worker"]],
    ["Redis", "redisUrl", ["database", "server", "gateway", "worker"]],
  ])("all-kill leaves the user's own %s alone", async (_, setting, parts) => {
    expect(await killed("all-kill", [setting])).toEqual(parts);
  });

  test.each(["worker", "server", "queue"])("%s-kill kills its part alone", async (part) => {
    expect(await killed(`${part}-kill`)).toEqual([part]);
  });
});

test("a run that the queue has lost is not waited for any longer", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const began = Date.now();
  const isQueued = () => {
    vi.setSystemTime(Date.now() + 10_000);
    return false;
  };
  const stack = stackThat({ status: "RUNNING", isQueued });
  const [check] = killChecks({ stack, comparison, runSeconds: 300, nextStepMs: 0 });
  expect(await check?.run(() => {})).toMatchObject({
    status: "failed",
    seen: "worker killed: 1 of 1 runs do not continue: the queue has lost it",
  });
  expect(Date.now() - began).toBeLessThan(60_000);
  vi.useRealTimers();
});

test("all-kill fails when an earlier step was executed again", async () => {
  expect(await look("all-kill", stackThat({ marks: { ...goodBehaviour.marks, first: 2 } }))).toMatchObject({
    status: "failed",
    seen: expect.stringContaining("step first was executed 2 times"),
  });
});

test("worker-kill fails when its step was not interrupted, because that proves nothing", async () => {
  expect(await look("worker-kill", stackThat({ marks: { ...goodBehaviour.marks, hold: 1 } }))).toMatchObject({
    status: "failed",
    seen: expect.stringContaining("the step that was interrupted was executed 1 times"),
  });
});

describe("recreate", () => {
  test("removes the server's container, and passes when all is there", async () => {
    expect(await look("recreate", stackThat())).toMatchObject({ status: "passed" });
    expect(calls).toEqual(["remove server", "start server"]);
  });

  test.each([
    ["history is gone", { history: [["2", "1"], ["3"]] }, "2 of 2 runs of its history are gone"],
    [
      "the sleeping run does not resume",
      { status: "RUNNING" },
      "the sleeping run does not continue: not ended after 1 s",
    ],
    [
      "the sleeping run starts again",
      { marks: { ...goodBehaviour.marks, first: 2 } },
      "step first was executed 2 times",
    ],
  ])("fails when %s", async (_, changes, text) => {
    expect(await look("recreate", stackThat(changes))).toMatchObject({
      status: "failed",
      seen: expect.stringContaining(text),
      cause: expect.stringContaining("INNGEST_SQLITE_DIR"),
    });
  });
});

describe("reboot", () => {
  const arm = (at: string) =>
    home.file(
      "verify/armed.json",
      JSON.stringify({ at, probe: { app: "app", name: "p", eventId: "0" }, history: ["1"] }),
    );
  const bootedSince = "2000-01-01T00:00:00Z";

  test("is refused with the remedy when nobody armed it", async () => {
    await expect(look("reboot", stackThat())).rejects.toThrow(
      "nothing was armed. Remedy: npm run verify -- --before-reboot --stack mine, then reboot",
    );
  });

  test("fails when the machine was not rebooted", async () => {
    arm(new Date().toISOString());
    expect(await look("reboot", stackThat())).toMatchObject({
      status: "failed",
      seen: expect.stringContaining("this machine has not been rebooted since"),
    });
  });

  test.each([
    ["the history is gone", { history: [["9"]] }, "1 of 1 runs of the history are gone"],
    [
      "the armed run does not resume",
      { history: [["1"]], status: "RUNNING" },
      "the armed run does not continue: not ended after 1 s",
    ],
  ])("fails when %s", async (_, changes, text) => {
    arm(bootedSince);
    expect(await look("reboot", stackThat(changes))).toMatchObject({
      status: "failed",
      seen: expect.stringContaining(text),
    });
  });

  test("says what to do next once it is armed", async () => {
    const armed = await rebootCheck({ ...timeouts, stack: stackThat(), comparison }, "before").run(() => {});
    expect(armed).toEqual({
      status: "passed",
      seen: "armed: reboot, and then npm run verify -- --after-reboot --stack mine",
    });
    expect(JSON.parse(readFileSync(join(home.folder, "verify/armed.json"), "utf8"))).toMatchObject({
      probe: { app: "app", eventId: "0" },
      history: ["1"],
    });
  });
});

describe("runs in flight", () => {
  test("may be verify's own", async () => {
    await refuseForeignRuns(stackThat({ inFlight: ["verify-probe", "verify-probe-chained"] }));
  });

  test("are named and refused after a while when they are others'", async () => {
    vi.useFakeTimers();
    const refused = expect(refuseForeignRuns(stackThat({ inFlight: ["send-invoice"] }))).rejects.toThrow(
      "runs that are not verify's own are in flight, and --disruptive kills what they run on:\n" +
        "  - send-invoice running since then (run r). " +
        "Remedy: wait for their end, or --force. The checks that kill nothing: npm run verify -- --stack mine",
    );
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    vi.useRealTimers();
  });
});
