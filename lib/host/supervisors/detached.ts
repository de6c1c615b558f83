import { isRunning, startDetached, stopGroup } from "../processes.ts";
import { readRecord, writeRecord } from "../records.ts";
import type { RunRecord } from "../spec.ts";
import { logKeeper, tail } from "./log-keeper.ts";
import { hashOf, type Supervisor } from "./supervisor.ts";

/**
 * No supervisor: a process group of its own, known by the pid and start time in the service's record. `reason` says why
 * there is none, where a supervisor was looked for.
 */
export function detached(reason?: string): Supervisor {
  const survives = "keeps running when pulumi up ends; after a crash or a reboot it is down until the next pulumi up";
  return {
    name: "none",
    survives: reason ? `${survives} (no supervisor: ${reason})` : survives,
    unavailable: async () => undefined,
    ownershipConflict: async () => undefined,
    render: async () => "",

    async observe({ record }) {
      const known = readRecord(record);
      const whole = isRunning(known) && isRunning(known.logKeeper);
      return { pid: whole ? known.pid : undefined, definition: hashOf("") };
    },

    async ensure({ command, workingDirectory, environment, log, record }) {
      const service = await startDetached(command, { cwd: workingDirectory, environment, log });
      const keeper = await startDetached(logKeeper(log, service.pid), { cwd: "/", environment: {} });
      // On disk before the process may go on: an `up` that dies here leaves nothing that nobody knows of.
      writeRecord(record, {
        ...(readRecord(record) as RunRecord),
        pid: service.pid,
        startTime: service.startTime,
        logKeeper: { pid: keeper.pid, startTime: keeper.startTime },
      });
      keeper.release();
      service.release();
    },

    async remove({ record, stopGraceSeconds }) {
      const { pid, startTime, logKeeper: keeper } = readRecord(record) ?? {};
      if (pid !== undefined && startTime !== undefined) await stopGroup({ pid, startTime }, stopGraceSeconds);
      if (keeper) await stopGroup(keeper, 0);
    },

    logCommand: ({ log }, lines, follow) => tail(log, lines, follow),
  };
}
