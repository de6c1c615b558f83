import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { Problem } from "../../problem.ts";
import { type CommandFailed, run } from "../../process.ts";
import type { Scope, ServiceIdentity } from "./service.ts";
import { hashOf, type Supervisor, SupervisorUnavailable, textOf } from "./supervisor.ts";
import { dataFolderLine, renderUnit } from "./systemd-unit.ts";

/** systemd: a unit of the user's manager, which linger keeps running, or a sandboxed unit of the machine. */
export function systemd(scope: Scope): Supervisor {
  const { uid, username } = userInfo();
  const user = scope === "user";
  const configHome = process.env.XDG_CONFIG_HOME || join(homedir(), ".config");
  const folder = user ? join(configHome, "systemd", "user") : "/etc/systemd/system";
  const unitName = (label: string) => `${label}.service`;
  const unitFile = ({ label }: ServiceIdentity) => join(folder, unitName(label));
  /** The link that `systemctl enable` creates. */
  const wantedBy = ({ label }: ServiceIdentity) =>
    join(folder, `${user ? "default" : "multi-user"}.target.wants`, unitName(label));
  const isOurs = (service: ServiceIdentity, text: string) => text.split("\n").includes(dataFolderLine(service.dataDir));
  const lingers = () => existsSync(join("/var/lib/systemd/linger", username));

  async function systemctl(...args: string[]): Promise<string> {
    // systemctl finds the user's manager by this variable, which su and cron do not set.
    const env = { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR || `/run/user/${uid}` };
    return await run("systemctl", [...(user ? ["--user"] : []), ...args], { env }).catch((error: CommandFailed) => {
      throw new Problem(`systemctl ${args.join(" ")} failed: ${error.stderr.trim() || error.reason}`);
    });
  }

  /** Properties of a unit; none when the manager does not answer. */
  async function properties(label: string, ...names: string[]): Promise<Record<string, string>> {
    const text = await systemctl("show", unitName(label), `--property=${names.join(",")}`).catch(() => "");
    return Object.fromEntries(text.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
  }

  return {
    name: "systemd",
    survives: user
      ? "systemd user unit with linger: back after a crash and after a reboot, before anybody logs in"
      : "systemd system unit: back after a crash and after a reboot, before anybody logs in",

    async unavailable() {
      if (!user) {
        const asked = "`supervisorScope` is system";
        const remedy = "pulumi config set supervisorScope user";
        if (!existsSync("/run/systemd/system")) {
          return new SupervisorUnavailable(asked, "this machine does not run on systemd", remedy);
        }
        if (uid === 0) return undefined;
        const sudo = `run the command with sudo, or ${remedy}`;
        return new SupervisorUnavailable(asked, "only root may add a system unit", sudo);
      }
      const asked = "`supervisor` is systemd";
      const none = "pulumi config set supervisor none";
      try {
        await systemctl("show", "--property=Version");
      } catch {
        const remedy = `log in as ${username} (not by su or sudo), or ${none}`;
        return new SupervisorUnavailable(asked, `no systemd user manager of ${username} answers`, remedy);
      }
      if (lingers()) return undefined;
      try {
        // By name: without one, logind looks for a session that the caller may not have.
        await run("loginctl", ["enable-linger", username]);
        return undefined;
      } catch (error) {
        const { stderr } = error as CommandFailed;
        const reason = `${username} may not let services linger after logout (${stderr.trim()})`;
        return new SupervisorUnavailable(asked, reason, `sudo loginctl enable-linger ${username}, or ${none}`);
      }
    },

    async ownershipConflict(service) {
      const path = unitFile(service);
      const { FragmentPath: loaded } = await properties(service.label, "FragmentPath");
      const there = loaded || path;
      const text = textOf(path);
      if (there === path && (text === "" || isOurs(service, text))) return undefined;
      return new Problem(
        `the systemd unit ${unitName(service.label)} must be free or of this stack's data folder ${service.dataDir}, and ` +
          `${there} belongs to another owner`,
        "remove that unit, or name the stack differently",
      );
    },

    async render(service) {
      const version = await systemctl("show", "--property=Version", "--value");
      return renderUnit(service, { version: Number.parseInt(version, 10) });
    },

    async observe(service) {
      const { ActiveState, MainPID } = await properties(service.label, "ActiveState", "MainPID");
      const isPersistent = existsSync(wantedBy(service)) && (!user || lingers());
      return {
        pid: ActiveState === "active" && isPersistent ? Number(MainPID) : undefined,
        definition: hashOf(textOf(unitFile(service))),
      };
    },

    async ensure(service, text) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(unitFile(service), text, { mode: 0o644 });
      await systemctl("daemon-reload");
      await systemctl("enable", unitName(service.label));
      await systemctl("restart", unitName(service.label));
    },

    async remove(service) {
      const path = unitFile(service);
      const text = textOf(path);
      const { FragmentPath } = await properties(service.label, "FragmentPath");
      if (text === "" ? FragmentPath !== path : !isOurs(service, text)) return;
      if (FragmentPath === path) await systemctl("stop", unitName(service.label));
      rmSync(path, { force: true });
      rmSync(wantedBy(service), { force: true });
      await systemctl("daemon-reload").catch(() => undefined);
      await systemctl("reset-failed", unitName(service.label)).catch(() => undefined);
    },

    logCommand({ label }, lines, follow) {
      const unit = `${user ? "--user-unit" : "--unit"}=${unitName(label)}`;
      const format = ["--output=cat", "--no-pager", "--quiet", `--lines=${lines}`];
      return ["journalctl", unit, ...format, ...(follow ? ["--follow"] : [])];
    },
  };
}
