import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { findBinary } from "../../cli/lib/pulumi-backend.ts";
import { pinnedVersion } from "../../lib/engines/release.ts";
import { locate, onPath } from "../../lib/host/programs.ts";
import type { DesiredService } from "../../lib/host/service.ts";
import { succeeds } from "../../tools/docker.ts";
import { projectParts } from "../../tools/test-stack.ts";
import type { Outcome } from "./host.ts";

const cache = join(homedir(), ".cache", "inngest-local");
const image = "inngest-local/systemd-stand-in";
const project = "/home/person/project";
/** Where the commands look for the CLI before they fetch one. */
const cli = `/home/person/.pulumi/versions/${pinnedVersion("pulumi")}/bin`;

/** A Linux machine whose PID 1 is systemd: a container, restarted as a machine reboots. */
export class SystemdMachine {
  readonly #container = `inngest-local-systemd-${process.pid}`;

  /** Why there can be none here, or `undefined`. */
  static missing(): string | undefined {
    if (!onPath("docker")) return "no docker command";
    if (!succeeds("docker", "version")) return "no Docker engine answers";
    if (!existsSync("/sys/fs/cgroup")) return "no cgroup tree to give to a container's systemd";
    if (succeeds("docker", "image", "inspect", image)) return undefined;
    if (process.getuid?.() !== 0) return "a Debian root with systemd is made by root alone";
    return onPath("debootstrap") ? undefined : "no debootstrap to make a Debian root with systemd";
  }

  /** Boots it, with this project in the home of an account `person`, and an account `guest` that may not linger. */
  static async boot(): Promise<SystemdMachine> {
    makeImage();
    const machine = new SystemdMachine();
    const plugins = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
    const mounts = [
      ...[...projectParts, "tests"].map((entry) => [resolve(entry), `${project}/${entry}`]),
      ...readdirSync(plugins)
        .filter((name) => /^resource-(command|random)-v[\d.]+$/.test(name))
        .map((name) => [join(plugins, name), `/home/person/.pulumi/plugins/${name}`]),
      [dirname(await findBinary()), cli],
      [process.execPath, "/usr/local/bin/node"],
      [realpathSync(locate({ kind: "inngest" })), "/usr/local/bin/inngest"],
    ];
    await execa("docker", [
      "run",
      "--detach",
      `--name=${machine.#container}`,
      // What systemd needs to mount and to make cgroups, and no more.
      "--cap-add=SYS_ADMIN",
      "--cap-add=NET_ADMIN",
      "--security-opt=seccomp=unconfined",
      "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
      ...["/run", "/run/lock", "/tmp"].map((folder) => `--tmpfs=${folder}:exec`),
      ...mounts.map(([from, to]) => `--volume=${from}:${to}:ro`),
      "--env=container=docker",
      // SIGTERM tells systemd to start itself again; this one, to shut the machine down.
      "--stop-signal=SIGRTMIN+3",
      image,
      "/sbin/init",
    ]);
    await machine.run("root", `chown person /home/person /home/person/.pulumi /home/person/.pulumi/plugins ${project}`);
    await machine.untilUp();
    return machine;
  }

  /** Runs a shell command as an account, in its project folder, without a login session. */
  async run(account: string, script: string, input = ""): Promise<Outcome> {
    const home = account === "root" ? "/root" : `/home/${account}`;
    const path = `${cli}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const variables = [`HOME=${home}`, `USER=${account}`, `PATH=${path}`].map((variable) => `--env=${variable}`);
    const args = ["exec", "--interactive", "--user", account, "--workdir", project, ...variables];
    const result = await execa("docker", [...args, this.#container, "sh", "-c", script], { input, reject: false });
    return { code: result.exitCode ?? null, stdout: String(result.stdout), stderr: String(result.stderr) };
  }

  /** The standard output of a command that must succeed. */
  async output(account: string, script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(account, script);
    if (code !== 0) throw new Error(`${script} failed (${code}):\n${stdout}\n${stderr}`);
    return stdout;
  }

  reconcile(account: string, spec: DesiredService): Promise<Outcome> {
    return this.run(account, "node scripts/reconcile.ts", JSON.stringify(spec));
  }

  remove(account: string, spec: DesiredService): Promise<Outcome> {
    return this.run(account, "node scripts/remove.ts", JSON.stringify(spec));
  }

  /** Reboots in good order, or as after a power cut. */
  async reboot(how: "orderly" | "power cut"): Promise<void> {
    if (how === "orderly") await execa("docker", ["stop", "--time=60", this.#container]);
    else await execa("docker", ["kill", this.#container]);
    await execa("docker", ["start", this.#container]);
  }

  async untilUp(): Promise<void> {
    await this.output(
      "root",
      "for i in $(seq 300); do test -S /run/user/1000/systemd/private && exit 0; sleep 0.1; done; exit 1",
    );
  }

  async dispose(): Promise<void> {
    await execa("docker", ["rm", "--force", "--volumes", this.#container]);
  }
}

/** A Debian with systemd and Redis, made once and kept. */
function makeImage(): void {
  if (succeeds("docker", "image", "inspect", image)) return;
  const root = join(cache, "debian-root-with-systemd");
  if (!existsSync(root)) {
    mkdirSync(cache, { recursive: true });
    const draft = `${root}.draft`;
    rmSync(draft, { recursive: true, force: true });
    const packages =
      "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,ca-certificates,tzdata,redis-server";
    execFileSync("debootstrap", ["--variant=minbase", `--include=${packages}`, "bookworm", draft], { stdio: "pipe" });
    renameSync(draft, root);
  }
  const base = `${image}-base`;
  execFileSync("sh", ["-c", `tar -C "$1" -c . | docker import - ${base}`, "sh", root], { stdio: "pipe" });
  const folder = mkdtempSync(join(tmpdir(), "systemd-"));
  try {
    const lines = [
      `FROM ${base}`,
      "RUN useradd --create-home --uid 1000 person && useradd --create-home --uid 1001 guest && chmod 755 /home/person",
      // Linger without polkit is root's to give: `person` has it, `guest` cannot get it.
      "RUN mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/person",
      "RUN sed -i 's/^appendonly no/appendonly yes/' /etc/redis/redis.conf",
      // A kernel without user namespaces refuses Debian's own unit.
      "RUN mkdir /etc/systemd/system/redis-server.service.d && printf '[Service]\\nPrivateUsers=no\\n' > /etc/systemd/system/redis-server.service.d/kernel.conf",
    ];
    writeFileSync(join(folder, "Dockerfile"), lines.join("\n"));
    execFileSync("docker", ["build", "--quiet", "--tag", image, folder], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
