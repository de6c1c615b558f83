import { isRunning, startDetached, stopGroup } from "../processes.ts";
import { readRecord, writeRecord } from "../records.ts";
import type { RunRecord } from "../spec.ts";
import { logKeeper, tail } from "./log-keeper.ts";
import { hashOf, type Supervisor } from "./supervisor.ts";

/**
 * No supervisor: a process group of its own, identified by pid and start time in the service's record.
 *
 * @param reason why no supervisor can be used, where the stack would take any
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
      const complete = isRunning(known) && isRunning(known.logKeeper);
      return { pid: complete ? known.pid : undefined, definition: hashOf("") };
    },

    async ensure({ command, workingDirectory, environment, log, record }) {
      const service = await startDetached(command, { cwd: workingDirectory, environment, log });
      const keeper = await startDetached(logKeeper(log, service.pid), { cwd: "/", environment: {} });
      // Recorded before the process may continue: an `up` that dies here leaves no process without a record.
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
