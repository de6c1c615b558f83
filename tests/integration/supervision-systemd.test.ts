// The real scripts against real systemd (Debian's 252 as PID 1 of a container). Does not prove: another version of
// systemd, a bare machine's boot, polkit (the container has none). supervision-reboot.test.ts is about whole stacks.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DesiredService } from "../../lib/host/service.ts";
import { title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { tinyService } from "../support/host.ts";
import { SystemdMachine } from "../support/systemd-machine.ts";

const reason = SystemdMachine.missing();
const port = 18_501;
const unit = "inngest-local.test.server.service";
const unitFile = `/home/person/.config/systemd/user/${unit}`;
const data = "/home/person/.local/share/inngest-local/stacks/test";
const byUser = { supervision: { supervisor: "systemd", scope: "user" } } as const;
const byMachine = {
  supervision: { supervisor: "systemd", scope: "system" },
  dataDir: "/var/lib/inngest-local/test",
} as const;
const fine = (stdout: string) => ({ code: 0, stdout, stderr: "" });
const refused = (stderr: string) => ({ code: 1, stdout: "", stderr });
const userUnit = JSON.stringify({
  by: "systemd",
  survives: "systemd user unit with linger: back after a crash and after a reboot, before anybody logs in",
});
const systemUnit = JSON.stringify({
  by: "systemd",
  survives: "systemd system unit: back after a crash and after a reboot, before anybody logs in",
});

describe.skipIf(reason)(title("systemd", reason), () => {
  let machine: SystemdMachine;
  let started: [string, DesiredService][] = [];

  beforeAll(async () => {
    machine = await SystemdMachine.boot();
  });
  afterAll(() => machine?.dispose());
  afterEach(async () => {
    for (const [account, spec] of started) await machine.remove(account, { ...spec, stopGraceSeconds: 1 });
    started = [];
    expect(await pids()).toEqual([]);
  });

  function start(changes: Partial<DesiredService> = byUser, account = "person") {
    const spec = tinyService(port, changes);
    started.push([account, spec]);
    return machine.reconcile(account, spec);
  }

  async function pids(): Promise<string[]> {
    const { stdout } = await machine.run("root", "pgrep -f '^/.*tiny-server.mjs'");
    return stdout.split("\n").filter(Boolean);
  }

  const observe = async () => (await machine.run("person", "node scripts/observe.ts test server")).stdout;
  const systemctl = (args: string) =>
    machine.run("person", `XDG_RUNTIME_DIR=/run/user/1000 systemctl --user ${args} ${unit}`);

  test("auto is a user unit where the manager answers and lets services linger", async () => {
    expect(await start({ supervision: { supervisor: "auto", scope: "user" } })).toEqual(fine(userUnit));
    expect(await observe()).toBe("first");
    const before = await pids();
    expect(await start({ supervision: { supervisor: "auto", scope: "user" } })).toEqual(fine(userUnit));
    expect(await pids()).toEqual(before);
  });

  test("a process killed by SIGKILL is back by itself, and no change", async () => {
    await start();
    const [before] = await pids();
    await machine.output("root", `kill -9 ${before}`);
    await eventually(30_000, async () => {
      const now = await pids();
      expect(now).toHaveLength(1);
      expect(now[0]).not.toBe(before);
      expect(await observe()).toBe("first");
    });
  });

  test.each([
    ["user", byUser, "person"],
    ["system", byMachine, "root"],
  ])("a queue that is back restarts its server, by a %s unit", async (scope, by, account) => {
    const { envFile, listeners, healthUrl } = tinyService(port + 1);
    const queue = { ...by, service: "queue", restarts: ["server"], envFile, listeners, healthUrl };
    expect(await start(queue, account)).toMatchObject({ code: 0 });
    expect(await start({ ...by, after: ["queue"] }, account)).toMatchObject({ code: 0 });
    const manager = scope === "user" ? "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user" : "systemctl";
    const units = ["queue", "server"].map((service) => `inngest-local.test.${service}.service`).join(" ");
    const mainPids = async () =>
      (await machine.output(account, `${manager} show --property=MainPID --value ${units}`))
        .split("\n")
        .filter(Boolean);
    const [before, server] = await mainPids();
    await machine.output("root", `kill -9 ${before}`);
    await eventually(30_000, async () => {
      const now = await mainPids();
      expect(now).not.toContain("0");
      expect(now).not.toContain(before);
      expect(now).not.toContain(server);
    });
  });

  test("no secret is in the unit, in arguments or in what the kernel shows of the start", async () => {
    await start();
    const [pid] = await pids();
    const shown = await machine.output("root", `cat ${unitFile} /proc/${pid}/cmdline /proc/${pid}/environ`);
    expect(shown).toContain("tiny-server.mjs");
    expect(shown).not.toContain("this-is-the-secret");
    expect(await machine.output("root", `stat -c %a ${data}/server/server.env`)).toBe("600");
  });

  test("arguments and variables arrive as they were, whatever they hold", async () => {
    const odd = `<&>"' $HOME \${HOME} %h %% \\n \\ tab\tline\nend é 🙂`;
    const plain = tinyService(port);
    await start({ ...byUser, environment: { ...plain.environment, ODD: odd }, args: [...plain.args, odd] });
    const [pid] = await pids();
    const bytes = (await machine.output("root", `cat /proc/${pid}/cmdline /proc/${pid}/environ`)).split("\0");
    expect(bytes).toContain(odd);
    expect(bytes).toContain(`ODD=${odd}`);
  });

  test.each([
    ["edited", `echo Nice=5 >> ${unitFile}`],
    ["disabled", `rm /home/person/.config/systemd/user/default.target.wants/${unit}`],
    ["stopped", `XDG_RUNTIME_DIR=/run/user/1000 systemctl --user stop ${unit}`],
  ])("a unit that somebody has %s is a change, which the next start repairs", async (_, command) => {
    await start();
    await machine.output("person", command);
    expect(await observe()).not.toBe("first");
    expect(await start()).toEqual(fine(userUnit));
    expect(await observe()).toBe("first");
    expect((await systemctl("is-enabled")).stdout).toBe("enabled");
    expect(await pids()).toHaveLength(1);
  });

  test("another command, another supervisor, another scope: the old one goes, nothing runs twice", async () => {
    await start();
    for (const supervisor of ["none", "systemd", "none"] as const) {
      await start({ supervision: { supervisor, scope: "user" } });
      expect(await pids()).toHaveLength(1);
      const { code } = await machine.run("person", `test -e ${unitFile}`);
      expect(code).toBe(supervisor === "systemd" ? 0 : 1);
    }
    await start({ ...byUser, args: ["tiny-server.mjs", "other"] });
    const [pid, ...others] = await pids();
    expect(others).toEqual([]);
    expect(await machine.output("root", `cat /proc/${pid}/cmdline`)).toContain("other");
  });

  test.each(["systemd", "none"] as const)(
    "under %s a start that is killed anywhere is finished by the next one, with one process",
    async (supervisor) => {
      const supervision = { supervisor, scope: "user" } as const;
      for (let round = 0; round < 6; round++) {
        const spec = tinyService(port, { supervision, environment: { MODE: "polite", ROUND: String(round) } });
        started.push(["person", spec]);
        const seconds = (0.1 + round * 0.07).toFixed(2);
        await machine.run("person", `timeout -s KILL ${seconds} node scripts/reconcile.ts`, JSON.stringify(spec));
        expect((await machine.reconcile("person", spec)).code).toBe(0);
        expect(await pids()).toHaveLength(1);
      }
    },
  );

  test("remove stops it, takes unit and secrets along, and succeeds twice", async () => {
    await start();
    const [, spec] = started[0] as [string, DesiredService];
    expect(await machine.remove("person", spec)).toEqual(fine(""));
    expect(await pids()).toEqual([]);
    const left = await machine.output("person", `find ${data} ~/.config/systemd -type f -o -type l`);
    expect(left.split("\n").filter((file) => !/main.db$|.log$/.test(file))).toEqual([]);
    expect(await machine.remove("person", spec)).toEqual(fine(""));
  });

  test("a unit of the machine runs sandboxed, as the owner of the project, and comes back", async () => {
    expect(await start({ ...byMachine, loopbackOnly: true }, "root")).toEqual(fine(systemUnit));
    // That nobody else gets through is the kernel's to see to, where it has cgroup v2.
    const filter = await machine.output("root", `systemctl show ${unit} --property=IPAddressDeny,IPAddressAllow`);
    expect(filter).toMatch(/^IPAddressDeny=.*\b0\.0\.0\.0\/0/m);
    expect(filter).toMatch(/^IPAddressAllow=.*\b127\.0\.0\.0\/8/m);
    const [pid] = await pids();
    const status = await machine.output("root", `cat /proc/${pid}/status; ps -o user= -p ${pid}`);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^person$/m);
    const write = (path: string) =>
      machine.output(
        "root",
        `node -e "console.log(await (await fetch('http://127.0.0.1:${port}/?write=${path}')).text())"`,
      );
    expect(await write("/var/tmp/x")).toContain('"pid"');
    expect(await machine.output("root", "find /var/tmp -maxdepth 1 -name x")).toBe("");
    expect(await write("/home/person/x")).toBe("EROFS");
    expect(await write("/var/lib/inngest-local/test/x")).toContain('"pid"');
    await machine.output("root", `kill -9 ${pid}`);
    await eventually(30_000, async () => expect(await pids()).toHaveLength(1));
  });

  test("output of hundreds of megabytes stays bounded in the journal, and its end can be read", async () => {
    const usage = async () => Number(await machine.output("root", "du -sm /var/log/journal | cut -f1"));
    const before = await usage();
    await start({ ...byUser, environment: { MODE: "polite", CHATTER: "300" } });
    await eventually(240_000, async () => {
      const tail = await machine.output("person", `journalctl --user-unit=${unit} -n 3 --output=cat --quiet`);
      expect(tail).toContain("said it all");
    });
    expect((await usage()) - before).toBeLessThan(150);
  });

  test("without the right to linger it is refused, and nothing is changed", async () => {
    const problem =
      "`supervisor` is systemd, and no systemd user manager of guest answers. Remedy: log in as guest (not by su or sudo), " +
      "or pulumi config set supervisor none";
    expect(await start(byUser, "guest")).toEqual(refused(problem));
    await machine.output("root", "systemctl start user@1001");
    expect(await start(byUser, "guest")).toEqual(
      refused(
        "`supervisor` is systemd, and guest may not let services linger after logout (Could not enable linger: Access denied). " +
          "Remedy: sudo loginctl enable-linger guest, or pulumi config set supervisor none",
      ),
    );
    expect(await machine.output("guest", "find ~ -name '*.service' -o -name '*.env'")).toBe("");
    expect((await start({ supervision: { supervisor: "auto", scope: "user" } }, "guest")).stdout).toBe(
      JSON.stringify({
        by: "none",
        survives:
          "keeps running when pulumi up ends; after a crash or a reboot it is down until the next pulumi up " +
          "(no supervisor: guest may not let services linger after logout (Could not enable linger: Access denied))",
      }),
    );
  });

  test("the machine's scope without root is refused", async () => {
    expect(await start(byMachine, "person")).toEqual(
      refused(
        "`supervisorScope` is system, and only root may add a system unit. Remedy: run the command with sudo, " +
          "or pulumi config set supervisorScope user",
      ),
    );
  });

  test("a unit of another owner under the name is refused and left as it is", async () => {
    await machine.output(
      "person",
      `mkdir -p $(dirname ${unitFile}) && printf '[Service]\\nExecStart=/bin/true\\n' > ${unitFile}`,
    );
    expect(await start()).toEqual(
      refused(
        `the systemd unit ${unit} must be free or of this stack's data folder ${data}, and ${unitFile} belongs to another owner. ` +
          "Remedy: remove that unit, or name the stack differently",
      ),
    );
    expect((await machine.remove("person", tinyService(port, byUser))).code).toBe(0);
    expect(await machine.output("person", `cat ${unitFile}`)).toBe("[Service]\nExecStart=/bin/true");
    await machine.output("person", `rm ${unitFile}`);
  });
});
