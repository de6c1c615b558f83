// verify --disruptive, doctor and status on a real stack in Docker, and the faults that only containers can have. Does
// not prove: Docker Desktop, OrbStack, Colima; a machine that really reboots (supervision-reboot does that for
// processes).
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisPassword } from "../../lib/render/redis-conf.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";
import { makeByHand, removeHandMade } from "../support/hand-made.ts";
import { complaints, failedChecks, failures, gentle, verified } from "../support/verdicts.ts";

const reason = await missing("pulumi", "docker");

describe.skipIf(reason)(title("verify on stack persistent", reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    await stack.up();
  });
  afterAll(async () => {
    removeHandMade(stack.name);
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });
  const container = (role: string) => `inngest-${stack.name}-${role}`;

  test("--disruptive passes: kills of worker, server, queue and all, and a recreated server", async () => {
    const { checks, exitCode } = await verified(stack, "--disruptive");
    expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(checks.filter(({ status }) => status === "skipped").map(({ id }) => id)).toEqual(["reboot"]);
    expect(checks).toHaveLength(13);
    expect(exitCode).toBe(0);
    expect(await stack.changes()).toEqual([]);
  }, 600_000);

  test("doctor complains of nothing, and status says what runs", async () => {
    expect(await complaints(stack)).toEqual([]);
    const { stdout } = await stack.command("status");
    for (const role of ["server", "queue", "gateway", "janitor"]) {
      expect(stdout).toContain(`runs: container ${container(role)}, for `);
    }
    expect(stdout).toMatch(/^Janitor .*, last sweep \d+ \w+ ago, removed 0 rows$/m);
    expect(stdout).not.toMatch(/^Alarm/m);
    docker("stop", container("janitor"));
    expect(await complaints(stack)).toEqual(["janitor broken"]);
    const stopped = await stack.command("status");
    expect(stopped.stdout).toMatch(/^Janitor {4}does not run: container /m);
    expect(stopped.exitCode).toBe(1);
    docker("start", container("janitor"));
    expect(stdout).toMatch(/^Sizes {6}.*queue \d.*history \d/m);
  });

  test("what a reboot is to leave is armed, and checked only after one", async () => {
    // Nothing brings this worker back, so that a reboot is not promised; the file of one that is says it is.
    const { checks } = await verified(stack, "--before-reboot", "--only", "reboot");
    expect(checks).toEqual([
      expect.objectContaining({
        id: "reboot",
        status: "skipped",
        seen: "not promised here: nothing brings back worker (see supervision)",
      }),
    ]);
  });

  test("a gateway with a way in past the password: dashboard, and no other", async () => {
    const wayIn = "respond @ambiguous 404\n\t\t@home path /\n\t\troute @home {\n\t\t\timport server\n\t\t}\n";
    makeByHand(stack.name, container("gateway"), ({ environment }) => ({
      environment: environment.map((line) => line.replace("respond @ambiguous 404\n", wayIn)),
    }));
    const [failed, ...others] = await eventually(20_000, async () => {
      if (!(await (await stack.api()).isHealthy())) throw new Error("the gateway is not up yet");
      return await failedChecks(stack);
    });
    expect(failed).toMatchObject({
      id: "dashboard",
      seen: expect.stringMatching(/ answers 200 without the password\./),
    });
    expect(failed?.seen).toContain(
      "Likely cause: the gateway is not in front of the server: its container was changed",
    );
    expect(others).toEqual([]);
    docker("rm", "--force", container("gateway"));
    await stack.up("--refresh");
  });

  /** What doctor complains of, but that runs which an earlier fault has lost never end. */
  const wrong = async () => (await complaints(stack)).filter((each) => each !== "history warning");
  /** The checks that kill nothing, with one that does. */
  const withKill = (check: string) => ["--disruptive", "--force", "--only", ...gentle, check];

  // A kill of everything kills the queue too: what loses the one loses the other. A server that was not killed as well goes on
  // trying with what it has of a run in its memory.
  test.each([
    ["queue-kill", / killed: \d of 2 runs do not continue: /],
    ["all-kill", / killed: 2 of 2 runs do not continue: the queue has lost it\./],
  ])("a queue that appends nothing: doctor's queue, and verify's %s", async (check, text) => {
    const appends = "config set appendonly no";
    docker("exec", container("queue"), "sh", "-c", `${redisPassword}; redis-cli ${appends}`);
    if (check === "queue-kill") expect(await wrong()).toEqual(["queue broken"]);
    const [failed, ...others] = await failedChecks(stack, "--patience", "30", ...withKill(check));
    expect(failed).toMatchObject({ id: check, seen: expect.stringMatching(text) });
    expect(failed?.seen).toContain("its Redis does not append to disk (appendonly no)");
    expect(others).toEqual([]);
    expect(await wrong()).toEqual([]);
  });

  test("a server with its queue in memory: server-kill, and no other", async () => {
    const own = "/run/secrets/inngest.json";
    makeByHand(stack.name, container("server"), ({ command }) => ({
      // What is left is JSON without the last entry, and so without its comma.
      command: command.map((part) =>
        part.replace(
          `inngest start --config ${own}`,
          `grep -v '"redis-uri"' ${own} | tr -d '\\n' | sed 's/, *}$/}/' > /tmp/own.json; inngest start --config /tmp/own.json`,
        ),
      ),
    }));
    await eventually(30_000, async () => expect(await wrong()).toEqual([]));
    const [failed, ...others] = await failedChecks(stack, ...withKill("server-kill"));
    expect(failed).toMatchObject({ id: "server-kill", seen: expect.stringContaining(" runs do not continue: ") });
    expect(failed?.seen).toContain("Likely cause: the queue keeps nothing: it is in the server's memory");
    expect(others).toEqual([]);
  });

  test("a server whose volume is not mounted: doctor's data, and verify's recreate, which makes it anew as it should be", async () => {
    makeByHand(stack.name, container("server"), ({ volumes: { "/data": _, ...volumes }, scratch }) => ({
      volumes,
      // Its history gets a place that goes with the container.
      scratch: { ...scratch, "/data": "uid=1000,gid=1000" },
    }));
    await expect.poll(wrong, { timeout: 60_000 }).toEqual(["data broken"]);
    const [failed, ...others] = await failedChecks(stack, ...withKill("recreate"));
    expect(failed).toMatchObject({
      id: "recreate",
      seen: expect.stringMatching(/^the server was recreated, and \d+ of \d+ runs of its history are gone\./),
    });
    expect(failed?.seen).toContain("Likely cause: the server's folder is on no volume");
    expect(others).toEqual([]);
    expect(await wrong()).toEqual([]);
  });

  test("a container that is published to everybody: fenced, and doctor's listeners", async () => {
    const extra = container("extra");
    const label = ["--label", `inngest-local.stack=${stack.name}`, "--publish", `0.0.0.0:${stack.port + 4}:6379`];
    docker(
      "run",
      "--detach",
      "--name",
      extra,
      ...label,
      docker("inspect", "--format", "{{.Config.Image}}", container("queue")),
    );
    try {
      expect(await failures(stack)).toEqual(["fenced"]);
      expect(await wrong()).toEqual(["listeners broken"]);
    } finally {
      docker("rm", "--force", extra);
    }
  });
});
