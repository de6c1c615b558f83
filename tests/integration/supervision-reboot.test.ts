// A whole stack, brought up by the real Pulumi CLI in a container whose PID 1 is Debian's systemd, with a Redis that
// appends to its file. A restart of the container is the reboot: in good order, or as after a power cut. Does not
// prove: what a disk loses when the power really goes.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Receipt } from "../../cli/verify/receipt.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { SystemdMachine } from "../support/systemd-machine.ts";

const reason = SystemdMachine.missing() ?? (await missing("pulumi", "inngest"));
const data = "/home/person/.local/share/inngest-local/stacks/reboot";
const settings = {
  tier: "process",
  port: 18_520,
  workerPort: 18_530,
  workerDir: "/home/person/worker",
  redisUrl: { secure: true },
};

/** What the worker has beside its own functions: one that marks its steps. */
const asleep = `
import { appendFileSync } from "node:fs";
import { eventType, staticSchema } from "inngest";
import { inngest } from "../client.ts";

const event = eventType("durable/asleep", { schema: staticSchema<{ run: string; seconds: number }>() });
const mark = (run: string, step: string) => appendFileSync(\`\${process.env.DATA_DIR}/marks\`, \`\${run} \${step}\\n\`, { mode: 0o600 });

export const asleep = inngest.createFunction({ id: "asleep", triggers: [event] }, async ({ event, step }) => {
  await step.run("a", () => mark(event.data.run, "a"));
  await step.sleep("nap", event.data.seconds * 1000);
  await step.run("b", () => mark(event.data.run, "b"));
});
`;

describe.skipIf(reason)(title("a machine that reboots", reason), () => {
  let machine: SystemdMachine;

  beforeAll(async () => {
    machine = await SystemdMachine.boot();
    const steps = [
      "mkdir ~/worker",
      // Without a lock file: one that is younger than what is installed would be installed anew.
      "tar -C worker --exclude=./node_modules --exclude=./tests --exclude=./package-lock.json -c . | tar -C ~/worker -x",
      "ln -s $PWD/worker/node_modules ~/worker/",
      "cat > ~/worker/functions/asleep.ts",
      `sed -i '1i import { asleep } from "./asleep.ts";\ns/^const upkeep = \\[/&asleep, /' ~/worker/functions/index.ts`,
      "ln -s ~/Pulumi.reboot.yaml .",
    ];
    const { code, stderr } = await machine.run("person", steps.join(" && "), asleep);
    if (code !== 0) throw new Error(stderr);
    const lines = Object.entries(settings).filter(([, value]) => typeof value !== "object");
    const file = `config:\n${lines.map(([key, value]) => `  inngest-local:${key}: ${value}`).join("\n")}\n`;
    await machine.run("person", "cat > ~/Pulumi.reboot.yaml", file);
    await pulumi("stack init reboot");
    await pulumi("config set --secret redisUrl redis://127.0.0.1:6379");
    await pulumi("up --yes --skip-preview");
  });
  afterAll(() => machine?.dispose());

  const backend = "PULUMI_BACKEND_URL=file://$HOME PULUMI_CONFIG_PASSPHRASE=x PULUMI_SKIP_UPDATE_CHECK=true";

  function pulumi(args: string): Promise<string> {
    const [command, ...rest] = args.split(" ");
    const config = command === "stack" ? "" : "--stack reboot --config-file ~/Pulumi.reboot.yaml";
    return machine.output("person", `${backend} pulumi ${command} ${rest.join(" ")} ${config} --non-interactive`);
  }

  /** Waits up to 30 s for the health page of the server or the worker. */
  const answers = (port: number) => {
    const url = `http://127.0.0.1:${port}/${port === settings.port ? "health" : "healthz"}`;
    return eventually(30_000, () =>
      machine.output("person", `node -e 'process.exit((await fetch("${url}")).ok ? 0 : 1)'`),
    );
  };

  /** Sends an event to the server, as soon as that answers. */
  async function send(name: string, run: string, seconds: number): Promise<void> {
    const body = JSON.stringify({ name, data: { run, seconds } });
    const key = JSON.parse(await machine.output("person", `cat ${data}/server/inngest.json`))["event-key"][0];
    await eventually(30_000, () =>
      machine.output(
        "person",
        `node -e 'fetch("http://127.0.0.1:${settings.port}/e/${key}", {method: "POST", body: ${JSON.stringify(body)}}).then((answer) => process.exit(answer.ok ? 0 : 1))'`,
      ),
    );
  }

  /** How often a run has executed a step. */
  const count = async (run: string, step: string) =>
    Number(await machine.output("person", `grep -cx '${run} ${step}' ${data}/worker/marks || true`));
  const happened = (run: string, step: string, seconds: number) =>
    eventually(seconds * 1000, async () => expect(await count(run, step)).toBe(1));
  /** What verify says of a reboot, as a person would ask it. */
  async function verify(flag: "--before-reboot" | "--after-reboot") {
    const { stdout, stderr } = await machine.run(
      "person",
      `${backend} node cli/verify.ts --stack reboot --json --only reboot ${flag}`,
    );
    if (!stdout) throw new Error(stderr);
    return (JSON.parse(stdout) as Receipt).checks.map(({ status, seen }) => `${status}: ${seen}`);
  }

  const systemctl = (args: string) =>
    machine.output("person", `XDG_RUNTIME_DIR=/run/user/1000 systemctl --user ${args}`);

  test("up says what supervises, and a second one has nothing to do", async () => {
    const supervised = {
      by: "systemd",
      survives: "systemd user unit with linger: back after a crash and after a reboot, before anybody logs in",
    };
    const supervision = JSON.parse(await pulumi("stack output supervision --json"));
    expect(supervision).toEqual({ server: supervised, worker: supervised, janitor: supervised });
    await pulumi("preview --expect-no-changes");
  });

  /** When the run that verify has armed is awake, and its chain done. */
  let armedUntil = 0;

  test("verify arms a check of the reboots to come, and says so while none has been", async () => {
    armedUntil = Date.now() + 70_000;
    expect(await verify("--before-reboot")).toEqual([
      "passed: armed: reboot, and then npm run verify -- --after-reboot --stack reboot",
    ]);
    expect(await verify("--after-reboot")).toEqual([
      expect.stringMatching(/^failed: this machine has not been rebooted since .+ Remedy: reboot, and run this again$/),
    ]);
  });

  test("ten reboots: server and worker are back within 30 s, what was asleep finishes, each step once", async () => {
    const seconds: string[] = [];
    for (let round = 0; round < 10; round++) {
      // It wakes 60 s after it was armed: between two reboots, for a step that one of them cuts short runs twice.
      const left = armedUntil - Date.now();
      if (round > 0 && left > 0 && left < 35_000) await new Promise((resolve) => setTimeout(resolve, left));
      const run = `reboot-${round}`;
      // The first two wake before their worker is back, if it takes its time, and are tried again in the server's own.
      await send("durable/asleep", run, round < 2 ? 4 : 12);
      await happened(run, "a", 60);
      // Redis writes its file to the disk once a second.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await machine.reboot(round % 2 === 0 ? "orderly" : "power cut");
      const up = Date.now();
      await Promise.all([settings.port, settings.workerPort].map(answers));
      const back = Date.now();
      await happened(run, "b", 90);
      seconds.push(`${(back - up) / 1000} and ${(Date.now() - up) / 1000}`);
      expect(await count(run, "a")).toBe(1);
    }
    console.log(`seconds from boot to health and to the end of the run that slept:\n${seconds.join("\n")}`);
    await pulumi("preview --expect-no-changes");
  }, 900_000);

  test("verify after them: the run that was asleep before the first has gone on, each step once", async () => {
    expect(await verify("--after-reboot")).toEqual([
      "passed: after the reboot everything is back: the history, and the run that was asleep, each step once",
    ]);
  });

  test("a queue that is empty after a reboot: verify's reboot fails, and says what is lost", async () => {
    await verify("--before-reboot");
    await machine.output("root", "redis-cli FLUSHALL");
    await machine.reboot("orderly");
    expect(await verify("--after-reboot")).toEqual([
      expect.stringMatching(
        /^failed: after the reboot the armed run does not continue: the queue has lost it\. Likely cause: .*the queue's Redis does not append to disk\. Remedy: npm run doctor/,
      ),
    ]);
  });

  test.each([
    ["server", "worker"],
    ["worker", "server"],
  ])("the %s first, the %s 5 s later: a new event runs within 30 s", async (first, second) => {
    await systemctl("stop inngest-local.reboot.server inngest-local.reboot.worker");
    await systemctl(`start inngest-local.reboot.${first}`);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await systemctl(`start inngest-local.reboot.${second}`);
    // An event that meets no worker is tried again by the server, in its own time.
    await answers(settings.workerPort);
    await send("durable/asleep", `${first}-first`, 0);
    await happened(`${first}-first`, "b", 30);
  });

  test("both killed by SIGKILL while a run sleeps: it finishes", async () => {
    await send("durable/asleep", "killed", 3);
    await happened("killed", "a", 60);
    await systemctl("kill --signal=KILL inngest-local.reboot.server inngest-local.reboot.worker");
    await happened("killed", "b", 90);
    expect(await count("killed", "a")).toBe(1);
  });

  test("a moved data folder: the old server and worker go, the new ones run, nothing twice", async () => {
    await pulumi("config set dataDir /home/person/moved");
    await pulumi("up --yes --skip-preview");
    const running = await machine.output("root", "pgrep -af 'inngest start|serve.ts' | grep -v pgrep");
    expect(running.split("\n")).toHaveLength(2);
    expect(running.split("\n").every((line) => line.includes("/home/person/moved"))).toBe(true);
  });

  test("destroy leaves neither process nor unit", async () => {
    await pulumi("destroy --yes --skip-preview");
    expect((await machine.run("root", "pgrep -af 'inngest start|serve.ts' | grep -v pgrep")).stdout).toBe("");
    expect(await machine.output("person", "find ~/.config/systemd -name '*inngest*'")).toBe("");
  });
});
