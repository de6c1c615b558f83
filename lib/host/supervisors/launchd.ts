import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { Problem } from "../../problem.ts";
import { CommandFailed, run } from "../../process.ts";
import { until, untilResolved } from "../../wait.ts";
import { onPath } from "../programs.ts";
import { keeperLabel, plistString, renderLogKeeperPlist, renderPlist } from "./launchd-plist.ts";
import { logKeeper, tail } from "./log-keeper.ts";
import type { Scope, ServiceIdentity } from "./service.ts";
import { hashOf, type Supervisor, SupervisorUnavailable, textOf } from "./supervisor.ts";

/** Exit code of `launchctl bootstrap` (EIO): the label is loaded, or its bootout is still in progress. */
const stillLoaded = 5;

function isStillLoaded(error: unknown): boolean {
  return error instanceof CommandFailed && error.code === stillLoaded;
}

/** launchd of macOS: an agent in the user's login session, or a daemon of the machine. */
export function launchd(scope: Scope): Supervisor {
  const uid = userInfo().uid;
  const domain = scope === "system" ? "system" : `gui/${uid}`;
  const folder = scope === "system" ? "/Library/LaunchDaemons" : join(homedir(), "Library", "LaunchAgents");
  const plistOf = (label: string) => join(folder, `${label}.plist`);
  const labelsOf = ({ label }: ServiceIdentity) => [label, keeperLabel(label)];
  const isOurs = (service: ServiceIdentity, text: string) => text.includes(plistString(service.log));

  /** A loaded job; `undefined` when launchd does not know the label. */
  async function loaded(label: string): Promise<{ pid?: number; path?: string } | undefined> {
    const job = await run("launchctl", ["print", `${domain}/${label}`]).catch(() => undefined);
    if (job === undefined) return undefined;
    const pid = /^\tpid = (\d+)$/m.exec(job)?.[1];
    return { path: /^\tpath = (.+)$/m.exec(job)?.[1], ...(pid ? { pid: Number(pid) } : {}) };
  }

  async function bootstrap(label: string, text: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    writeFileSync(plistOf(label), text, { mode: 0o644 });
    // launchd remembers for ever that somebody has disabled a label.
    await run("launchctl", ["enable", `${domain}/${label}`]);
    const attempt = async () => {
      try {
        await run("launchctl", ["bootstrap", domain, plistOf(label)]);
      } catch (error) {
        // The launchctl of a start that was killed keeps running, and may have loaded the label just now.
        if (isStillLoaded(error)) await requestBootout(label);
        throw error;
      }
    };
    await untilResolved({ seconds: 10, every: 200 }, attempt, (error) => !isStillLoaded(error)).catch((error) => {
      const { code, stderr } = error as CommandFailed;
      throw new Problem(`launchctl bootstrap ${domain} ${plistOf(label)} failed (${code}): ${stderr.trim()}`);
    });
    await run("launchctl", ["kickstart", `${domain}/${label}`]);
  }

  /** Returns before the process is gone, with 0 or 36 (EINPROGRESS), or with 3 when nothing was loaded. */
  async function requestBootout(label: string): Promise<void> {
    await run("launchctl", ["bootout", `${domain}/${label}`]).catch(() => undefined);
  }

  async function bootout(label: string, seconds: number): Promise<void> {
    await requestBootout(label);
    const isGone = await until({ seconds, every: 100 }, async () => (await loaded(label)) === undefined);
    if (!isGone) throw new Problem(`launchd still has ${domain}/${label} ${seconds} s after its bootout`);
  }

  return {
    name: "launchd",
    survives:
      scope === "system"
        ? "launchd daemon: back after a crash and after a reboot, before anybody logs in"
        : "launchd agent: back after a crash, and after a reboot once you log in; not before",

    async unavailable() {
      if (onPath("launchctl") === undefined) {
        const reason = "this machine has no launchctl";
        return new SupervisorUnavailable("`supervisor` is launchd", reason, "pulumi config set supervisor auto");
      }
      if (scope === "system") {
        if (uid === 0) return undefined;
        const remedy = "run the command with sudo, or pulumi config set supervisorScope user";
        return new SupervisorUnavailable("`supervisorScope` is system", "only root may add a launchd daemon", remedy);
      }
      const session = await run("launchctl", ["print", domain]).catch(() => undefined);
      if (session !== undefined) return undefined;
      return new SupervisorUnavailable(
        "`supervisor` is launchd",
        `launchd has no login session ${domain} to run an agent in`,
        "log in on the screen once, or pulumi config set supervisorScope system",
      );
    },

    async ownershipConflict(service) {
      for (const label of labelsOf(service)) {
        const path = plistOf(label);
        const there = (await loaded(label))?.path ?? path;
        if (there === path && (!existsSync(path) || isOurs(service, textOf(path)))) continue;
        return new Problem(
          `the launchd label ${label} must be free or of this stack's data folder ${service.dataDir}, and ${there} ` +
            "belongs to another owner",
          `launchctl bootout ${domain}/${label} and remove that file, or name the stack differently`,
        );
      }
      return undefined;
    },

    render: async (service) => renderPlist(service),

    async observe({ label }) {
      const [job, keeper] = await Promise.all([loaded(label), loaded(keeperLabel(label))]);
      return { pid: keeper && job?.pid, definition: hashOf(textOf(plistOf(label))) };
    },

    async ensure(service, text) {
      await bootstrap(keeperLabel(service.label), renderLogKeeperPlist(service, logKeeper(service.log)));
      await bootstrap(service.label, text);
    },

    async remove(service) {
      for (const label of labelsOf(service)) {
        const text = textOf(plistOf(label));
        const path = (await loaded(label))?.path;
        if (path !== undefined ? path !== plistOf(label) : text === "") continue;
        if (text !== "" && !isOurs(service, text)) continue;
        await bootout(label, service.stopGraceSeconds + 10);
        rmSync(plistOf(label), { force: true });
      }
    },

    logCommand: ({ log }, lines, follow) => tail(log, lines, follow),
  };
}
