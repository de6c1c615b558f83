// The disruptive checks against a server that keeps, loses or repeats runs: the stack, its API and Docker are
// stand-ins, so that each check is seen failing for its own reason. That real ones keep runs is for
// tests/integration/verify-docker.test.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { View } from "../../cli/lib/comparison.ts";
import type { LiveStack } from "../../cli/lib/live-stack.ts";
import { refuseForeignRuns } from "../../cli/verify/in-flight.ts";
import { killChecks } from "../../cli/verify/kills.ts";
import { rebootCheck } from "../../cli/verify/reboot.ts";
import { recreateCheck } from "../../cli/verify/recreate.ts";
import { Home } from "../support/host.ts";

/** What the server makes of runs that are killed under. */
interface Behaviour {
  /** Status of every probe's run. */
  status: string;
  /** How often each step was executed. */
  marks: Record<string, number>;
  /** Ids of the history, before and after; it is asked for once each. */
  history: string[][];
  /** Functions with a run in flight. */
  inFlight: string[];
  /** Whether the queue has something of a run that is not at its end. */
  isQueued: () => boolean;
}

const good: Behaviour = {
  status: "COMPLETED",
  marks: { first: 1, hold: 2, last: 1, chained: 1 },
  history: [["1"], ["2", "1"]],
  inFlight: [],
  isQueued: () => true,
};

let home: Home;
let log: string;
beforeEach(() => {
  home = new Home();
  log = join(home.folder, "docker.log");
  // Containers are there until one is removed.
  const script = `echo "$*" >> ${log}; case "$*" in *inspect*) grep -q "^rm " ${log} || echo there ;; esac`;
  const kubectl = home.command("kubectl", `echo "$*" | tee -a ${log}`);
  vi.stubEnv("PATH", `${home.command("docker", script)}:${kubectl}:${process.env.PATH}`);
});
afterEach(() => home.dispose());

function stackThat(changes: Partial<Behaviour> = {}, outputs: object = {}): LiveStack {
  const { status, marks, history, inFlight, isQueued } = { ...good, ...changes };
  const sent: string[] = [];
  let looks = 0;
  const api = {
    isHealthy: async () => true,
    send: async (_: string, { data }: { data: { probe: string } }) => String(sent.push(data.probe) - 1),
    runsOf: async (event: string) => [{ id: `run-${event}`, status, function: { id: "verify-probe" } }],
    isQueued: async () => isQueued(),
    steps: async () => [{ name: "first", status: "COMPLETED" }],
    runs: async (_: number, filter?: { status?: string[]; of?: object }) => {
      if (filter?.of) return sent.map((probe) => ({ status: "COMPLETED", output: { probe, marks } }));
      if (filter?.status)
        return inFlight.map((id) => ({ id: "r", status: "RUNNING", queuedAt: "then", function: { id } }));
      return (history[Math.min(looks++, history.length - 1)] ?? []).map((id) => ({ id }));
    },
  };
  vi.stubGlobal("fetch", async () => new Response());
  return {
    name: "mine",
    tier: "docker",
    settings: { tier: "docker", durable: "true", workerPlacement: "container" },
    outputs: { durability: "kept: all of it", supervision: {}, eventKey: "e", ...outputs },
    dataFolder: home.folder,
    pulumi: { quietUp: async () => {} },
    keepsRuns: true,
    isExternal: false,
    connects: false,
    reach: (use: (reached: object) => Promise<unknown>) => use({ api, workerUrl: "http://worker" }),
  } as unknown as LiveStack;
}

const view = async (): Promise<View> => ({
  appId: "app",
  drift: [],
  declared: [{ id: "verify-probe", triggers: ["event verify/probe"] }],
  crons: [],
});
const how = { patienceSeconds: 1, nextStepMilliseconds: 0 };

async function look(id: string, stack: LiveStack) {
  const checks = [
    ...killChecks(stack, view, how),
    recreateCheck(stack, view, how),
    rebootCheck(stack, view, "after", how),
  ];
  return await checks.find((check) => check.id === id)?.run(() => {});
}
const dockerCalls = () =>
  readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => /^(kill|start|rm) /.test(line));

describe.each([
  ["worker-kill", ["worker"]],
  ["server-kill", ["server"]],
  ["queue-kill", ["queue"]],
  ["all-kill", ["server", "worker", "queue"]],
])("%s", (id, roles) => {
  const containers = roles.map((role) => `inngest-mine-${role}`);

  test("kills its parts, starts them again, and passes when the runs went on", async () => {
    expect(await look(id, stackThat())).toMatchObject({
      status: "passed",
      seen: expect.stringContaining("every earlier step once"),
    });
    expect(dockerCalls().sort()).toEqual(
      containers.flatMap((container) => [`kill ${container}`, `start ${container}`]).sort(),
    );
  });

  test("fails when the runs do not resume", async () => {
    expect(await look(id, stackThat({ status: "RUNNING" }))).toMatchObject({
      status: "failed",
      seen: expect.stringMatching(/^.+ killed: (1 of 1|2 of 2) runs do not go on: not at its end after 1 s$/),
      cause: expect.any(String),
      remedy: expect.any(String),
    });
  });
});

describe("on tier cluster", () => {
  const settings = { tier: "cluster", kubeContext: "here", workerPlacement: "container" };
  const deleted = async (id: string, more: object = {}) => {
    const stack = { ...stackThat({}, { dashboardPassword: "p" }), tier: "cluster", settings: { ...settings, ...more } };
    expect(await look(id, stack as unknown as LiveStack)).toMatchObject({ status: "passed" });
    const calls = readFileSync(log, "utf8").matchAll(
      / delete pod --selector app\.kubernetes\.io\/component=(\w+) --grace/g,
    );
    return [...calls].map(([, component]) => component).sort();
  };

  test("all-kill deletes the pods of everything, Postgres and Redis with it", async () => {
    expect(await deleted("all-kill")).toEqual(["database", "gateway", "queue", "server", "worker"]);
    const [first] =
      /wait pod --selector app\.kubernetes\.io\/component=(\w+)/.exec(readFileSync(log, "utf8"))?.slice(1) ?? [];
    expect(first).toBe("database");
  });

  test.each([
    ["a Postgres", { postgresUrl: "[secret]" }, ["gateway", "queue", "server", "worker"]],
    ["a Redis", { redisUrl: "[secret]" }, ["database", "gateway", "server", "worker"]],
  ])("and leaves %s of the user's alone", async (_, more, killed) => {
    expect(await deleted("all-kill", more)).toEqual(killed);
  });

  test.each(["worker", "server", "queue"])("%s-kill deletes its pods alone", async (part) => {
    expect(await deleted(`${part}-kill`)).toEqual([part]);
  });
});

test("a run of which the queue has nothing is not waited for any longer", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const began = Date.now();
  const isQueued = () => {
    vi.setSystemTime(Date.now() + 10_000);
    return false;
  };
  const stack = stackThat({ status: "RUNNING", isQueued });
  const [check] = killChecks(stack, view, { patienceSeconds: 300, nextStepMilliseconds: 0 });
  expect(await check?.run(() => {})).toMatchObject({
    status: "failed",
    seen: "worker killed: 1 of 1 runs do not go on: the queue has nothing of it any more",
  });
  expect(Date.now() - began).toBeLessThan(60_000);
  vi.useRealTimers();
});

test("all-kill fails when an earlier step was executed again", async () => {
  expect(await look("all-kill", stackThat({ marks: { ...good.marks, first: 2 } }))).toMatchObject({
    status: "failed",
    seen: expect.stringContaining("step first was executed 2 times"),
  });
});

test("worker-kill fails when its step was not cut short, because it has proved nothing then", async () => {
  expect(await look("worker-kill", stackThat({ marks: { ...good.marks, hold: 1 } }))).toMatchObject({
    status: "failed",
    seen: expect.stringContaining("the step that was cut short was executed 1 times"),
  });
});

describe("recreate", () => {
  test("removes the server's container, and passes when all is there", async () => {
    expect(await look("recreate", stackThat())).toMatchObject({ status: "passed" });
    expect(dockerCalls()[0]).toBe("rm --force inngest-mine-server");
  });

  test.each([
    ["history is gone", { history: [["2", "1"], ["3"]] }, "2 of 2 runs of its history are gone"],
    [
      "the sleeping run does not resume",
      { status: "RUNNING" },
      "the sleeping run does not go on: not at its end after 1 s",
    ],
    ["the sleeping run begins anew", { marks: { ...good.marks, first: 2 } }, "step first was executed 2 times"],
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

  test("that nobody armed is an error with the remedy", async () => {
    await expect(look("reboot", stackThat())).rejects.toThrow(
      "nothing was armed. Remedy: npm run verify -- --before-reboot --stack mine, then reboot",
    );
  });

  test("that has not been: failed", async () => {
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
      "the armed run does not go on: not at its end after 1 s",
    ],
  ])("after which %s: failed", async (_, changes, text) => {
    arm(bootedSince);
    expect(await look("reboot", stackThat(changes))).toMatchObject({
      status: "failed",
      seen: expect.stringContaining(text),
    });
  });

  test("what is armed is told with its next step", async () => {
    const armed = await rebootCheck(stackThat(), view, "before", how).run(() => {});
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
  test("of verify itself are no hindrance", async () => {
    await refuseForeignRuns(stackThat({ inFlight: ["verify-probe", "verify-probe-chained"] }));
  });

  test("of others are named, and refused after a while", async () => {
    vi.useFakeTimers();
    const refused = expect(refuseForeignRuns(stackThat({ inFlight: ["send-invoice"] }))).rejects.toThrow(
      "runs that are not verify's own are in flight, and --disruptive kills what they run on:\n" +
        "  - send-invoice running since then (run r)\n" +
        "Remedy: wait for their end, or --force. The checks that kill nothing: npm run verify -- --stack mine",
    );
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    vi.useRealTimers();
  });
});
