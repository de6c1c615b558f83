import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readJson } from "../data/private-file.ts";
import type { LastSweep } from "../data/requests.ts";
import { withLock } from "../host/lock.ts";
import { dataFolder, servicePaths } from "../host/paths.ts";
import { listenersOf } from "../host/ports.ts";
import { isRunning, startedAt, startTimeOf } from "../host/processes.ts";
import { readRecord } from "../host/records.ts";
import { removeEverywhere, running, supervisorNamed } from "../host/supervisors/index.ts";
import { identify } from "../host/supervisors/service.ts";
import { Problem } from "../problem.ts";
import { run } from "../process.ts";
import type { Part } from "../stack/parts.ts";
import type { Place } from "./place.ts";

/** This machine, where parts are processes under a supervisor. */
export function hostPlace({ stack, dataDir }: { stack: string; dataDir?: string | undefined }): Place {
  const serviceOf = ({ name }: Part) => identify({ stack, service: name, dataDir });
  const folderOf = ({ name }: Part) => servicePaths(dataFolder(stack, dataDir), name).folder;
  const describe = ({ name }: Part) => `process of the ${name}`;

  return {
    describe,

    async state(part) {
      const found = await running(serviceOf(part));
      if (!found) {
        return { isRunning: false, what: describe(part), detail: "not running, or its definition was edited by hand" };
      }
      return {
        isRunning: true,
        what: `process ${found.pid}`,
        since: startedAt(found.pid)?.toISOString(),
        detail: `supervisor ${found.record.supervisor}`,
      };
    },

    async logs(part, { lines, follow }) {
      const service = serviceOf(part);
      const record = readRecord(service.record);
      return record && supervisorNamed(record.supervisor, record.scope).logCommand(service, lines, follow);
    },

    exec: (_, [program, ...args], input) => run(program, args, { input }),

    async listeners(parts) {
      const of = async (part: Part) => {
        const found = await running(serviceOf(part));
        const listeners = found ? await listenersOf(found.pid) : [];
        return listeners.map((listener) => ({ ...listener, who: describe(part), part }));
      };
      return (await Promise.all(parts.map(of))).flat();
    },

    size: async (part) => sizeOfFolder(folderOf(part)),

    async start(part) {
      const service = serviceOf(part);
      const record = readRecord(service.record);
      if (!record) return false;
      const { pid, definition } = await supervisorNamed(record.supervisor, record.scope).observe(service);
      // A supervisor restarts what was killed, and not what was stopped: then its definition is gone.
      return definition === record.definition && (pid !== undefined || record.supervisor !== "none");
    },

    async stop(part) {
      const service = serviceOf(part);
      await withLock(service.label, () => removeEverywhere(service));
    },

    async kill(part) {
      const found = await running(serviceOf(part));
      if (!found)
        throw new Problem(`the ${part.name} is not running as it was started`, `npm start -- --stack ${stack}`);
      const mark = { pid: found.pid, startTime: startTimeOf(found.pid) ?? "" };
      process.kill(found.pid, "SIGKILL");
      while (isRunning(mark)) await sleep(20);
    },

    lastSweep: async (janitor) => readJson<LastSweep>(join(folderOf(janitor), "last-sweep.json")),
  };
}

/** Bytes of all files below a folder; 0 when there is none. */
export function sizeOfFolder(folder: string): number {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
