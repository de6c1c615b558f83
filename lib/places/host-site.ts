import { join, resolve } from "node:path";
import { withLock } from "../host/lock.ts";
import { dataFolder } from "../host/paths.ts";
import { inngestVersion, locate } from "../host/programs.ts";
import { removeEverywhere } from "../host/supervisors/index.ts";
import { identify } from "../host/supervisors/service.ts";
import type { HostPlace } from "../stack/stores.ts";
import { answered } from "./scripts.ts";
import type { Site } from "./site.ts";

const scripts = resolve(import.meta.dirname, "../../runtime");

export function hostSite(stack: string, { dataDir }: HostPlace, serverBinary?: string): Site {
  const folder = dataFolder(stack, dataDir);
  return {
    database: join(folder, "server", "main.db"),
    aside: (name) => join(folder, name),
    run: (script, order, files) =>
      answered(process.execPath, [join(scripts, `${script}.ts`)], { ...order, folder: files }),
    serverVersion: () => inngestVersion(locate({ kind: "inngest", binary: serverBinary })),
    stop: () => removeServices(stack, dataDir, "backup", "janitor", "server"),
    // `up` finds that it does not run as it was left.
    start: async () => undefined,
    // Nothing is before the server here.
    closeDoor: async () => undefined,
    stopWorker: () => removeServices(stack, dataDir, "worker"),
    stopQueue: async () => undefined,
    startQueue: async () => undefined,
  };
}

/** Ends services of this machine; the next `up` finds them gone, and brings them back. */
export async function removeServices(stack: string, dataDir: string | undefined, ...services: string[]): Promise<void> {
  for (const service of services) {
    const identity = identify({ stack, service, dataDir });
    await withLock(identity.label, () => removeEverywhere(identity));
  }
}
