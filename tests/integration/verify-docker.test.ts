// verify --disruptive, doctor and status on a real stack in Docker, and the faults that only containers can have. Does not
// prove: Docker Desktop, OrbStack, Colima; a machine that really reboots (supervision-reboot does that for processes).
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisPassword } from "../../components/docker/redis-conf.ts";
import { docker, leftovers } from "../support/containers.ts";
import { missing, title } from "../support/engine.ts";
import { TestStack } from "../support/test-stack.ts";
import { complaints, failures, verified } from "../support/verdicts.ts";

const reason = await missing("pulumi", "docker");

describe.skipIf(reason)(title("verify on stack persistent", reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });
  const container = (role: string) => `inngest-${stack.name}-${role}`;

  test("--disruptive passes: kills of worker, server, queue and all, and a server made anew", async () => {
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
    for (const role of ["server", "queue"]) expect(stdout).toContain(`runs: container ${container(role)}, for `);
    expect(stdout).toMatch(/^Sizes {6}.*history \d.*queue \d/m);
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

  test("a queue that appends nothing: doctor's queue, and verify's queue-kill", async () => {
    const set = (value: string) =>
      docker("exec", container("queue"), "sh", "-c", `${redisPassword}; redis-cli config set appendonly ${value}`);
    set("no");
    expect(await complaints(stack)).toEqual(["queue broken"]);
    expect(await failures(stack, "--disruptive", "--force", "--patience", "8", "--only", "queue-kill")).toEqual([
      "queue-kill",
    ]);
    docker("restart", container("queue"));
    expect(await complaints(stack)).toEqual([]);
  }, 180_000);

  test("a server whose volume is not mounted: doctor's data, and no other", async () => {
    const server = container("server");
    const [made] = JSON.parse(docker("container", "inspect", server)) as [
      {
        Config: { Cmd: string[]; Env: string[]; Image: string; User: string };
        Mounts: { Name: string; Destination: string }[];
      },
    ];
    const { Cmd, Env, Image, User } = made.Config;
    const [uid, gid = uid] = User.split(":");
    docker("rm", "--force", server);
    const named = ["--name", server, "--label", `inngest-local.stack=${stack.name}`, "--user", User];
    const network = ["--network", `inngest-${stack.name}`, "--add-host", "host.docker.internal:host-gateway"];
    // All that it has but its history, which gets a place that goes with the container.
    const others = made.Mounts.filter(({ Destination }) => Destination !== "/data");
    const mounts = others.flatMap(({ Name, Destination }) => ["--volume", `${Name}:${Destination}`]);
    const scratch = ["--tmpfs", `/data:uid=${uid},gid=${gid}`, ...Env.flatMap((line) => ["--env", line])];
    docker("run", "--detach", ...named, ...network, ...mounts, ...scratch, Image, ...Cmd);
    await expect.poll(async () => await complaints(stack), { timeout: 60_000 }).toEqual(["data broken"]);
    docker("rm", "--force", server);
    await stack.up("--refresh");
    expect(await complaints(stack)).toEqual([]);
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
      expect(await complaints(stack)).toEqual(["listeners broken"]);
    } finally {
      docker("rm", "--force", extra);
    }
  });
});
