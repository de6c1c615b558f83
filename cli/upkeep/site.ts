import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { dockerNames } from "../../components/docker/names.ts";
import { stackLabel } from "../../components/host/docker-engine.ts";
import { withLock } from "../../components/host/lock.ts";
import { dataFolder } from "../../components/host/paths.ts";
import { Problem } from "../../components/host/problem.ts";
import { locate } from "../../components/host/programs.ts";
import { removeEverywhere } from "../../components/host/supervisors/index.ts";
import { identify } from "../../components/host/supervisors/service.ts";
import type { DockerPlace, HostPlace, Stores } from "../../components/stores.ts";
import { readHistory } from "../../components/upkeep/history.ts";

/** Scripts of `components/upkeep` that work beside the data. */
export type Script = "take" | "look" | "put-back" | "purge";

/** The place where a stack's state is. */
export interface Site {
  /** The server's SQLite file there. */
  database: string;
  /** Folder there in which replaced state is kept; `name` within the data. */
  aside(name: string): string;
  /**
   * Runs a script there, with `order` on its standard input, and returns what it answers. `order.folder` is the folder
   * `files` of this machine: what is in it is there too, and what the script puts into it is here afterwards.
   */
  run<T>(script: Script, order: object, files?: string): Promise<T>;
  /** Version of the server, as its program says it. */
  serverVersion(): Promise<string>;
  /** Ends the server, and whatever else writes into the state; the next `up` or {@link Site.start} brings it back. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Lets no more events in. */
  closeDoor(): Promise<void>;
  /** Ends the worker too, so that another stack may have the ports of this one; the queue stays. */
  stopWorker(): Promise<void>;
  /** Ends what is left after both, and brings it back. */
  stopQueue(): Promise<void>;
  startQueue(): Promise<void>;
  /** Copies the history of a running server that keeps it in its container, as `history.db`. */
  copyUnkept?(folder: string): Promise<void>;
}

export function siteOf(
  stack: string,
  { place }: Stores,
  { serverBinary, dataDir }: { serverBinary?: string | undefined; dataDir?: string | undefined } = {},
): Site {
  return place.kind === "host" ? hostSite(stack, place, serverBinary) : dockerSite(stack, place, dataDir);
}

const scripts = resolve(import.meta.dirname, "../../components");

function hostSite(stack: string, { dataDir }: HostPlace, serverBinary?: string): Site {
  const folder = dataFolder(stack, dataDir);
  return {
    database: join(folder, "server", "main.db"),
    aside: (name) => join(folder, name),
    run: (script, order, files) =>
      answered(process.execPath, [join(scripts, "upkeep", `${script}.ts`)], { ...order, folder: files }),
    async serverVersion() {
      const { stdout } = await execa(locate({ kind: "inngest", binary: serverBinary }), ["version"]);
      return stdout.trim();
    },
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

function dockerSite(stack: string, { context, network, image, volume }: DockerPlace, dataDir?: string): Site {
  const names = dockerNames(stack);
  const flags = context ? ["--context", context] : [];
  const docker = async (...args: string[]) => {
    const result = await execa("docker", [...flags, ...args], { reject: false });
    if (result.exitCode !== 0) throw new Problem(`docker ${args[0]}: ${result.stderr.trim().split("\n").at(-1)}`);
    return result.stdout.trim();
  };
  const writers = [names.janitor, names.server];
  const each = async (containers: string[], command: string[]) => {
    for (const container of containers) {
      const there = await docker("container", "ls", "--all", "--quiet", "--filter", `name=^${container}$`);
      if (there) await docker(...command, container);
    }
  };
  return {
    database: "/data/main.db",
    aside: (name) => `/data/${name}`,

    async run(script, order, files) {
      if (volume === undefined) {
        throw new Problem(
          `stack ${stack} keeps nothing outside of its container. ` +
            `Remedy: npm run pulumi -- config set durable true --stack ${stack}`,
        );
      }
      const container = `inngest-${stack}-upkeep-${process.pid}`;
      const program = ["node", `/upkeep/upkeep/${script}.ts`];
      const labels = ["--label", `${stackLabel}=${stack}`];
      const mounts = ["--volume", `${volume}:/data`, "--network", network];
      const draft = mkdtempSync(join(tmpdir(), "upkeep-"));
      try {
        await docker("create", "--interactive", "--name", container, ...labels, ...mounts, image, ...program);
        cpSync(join(scripts, "upkeep"), join(draft, "upkeep"), { recursive: true });
        mkdirSync(join(draft, "host"));
        cpSync(join(scripts, "host", "problem.ts"), join(draft, "host", "problem.ts"));
        mkdirSync(join(draft, "files"));
        writeFileSync(join(draft, "package.json"), '{ "type": "module" }');
        await docker("cp", `${draft}/.`, `${container}:/upkeep`);
        if (files) await docker("cp", `${files}/.`, `${container}:/upkeep/files`);
        const start = [...flags, "start", "--attach", "--interactive", container];
        const answer = await answered("docker", start, { ...order, folder: "/upkeep/files" });
        if (files) await docker("cp", `${container}:/upkeep/files/.`, files);
        return answer as never;
      } finally {
        rmSync(draft, { recursive: true });
        await docker("rm", "--force", container).catch(() => undefined);
      }
    },
    async serverVersion() {
      return await docker("exec", names.server, "inngest", "version");
    },
    async stop() {
      await removeServices(stack, dataDir, "backup");
      await each(writers, ["stop", "--time", "60"]);
    },
    start: () => each([names.queue, names.server, names.janitor, names.worker, names.gateway], ["start"]),
    closeDoor: () => each([names.gateway], ["stop", "--time", "60"]),
    async stopWorker() {
      await each([names.worker], ["stop", "--time", "60"]);
      await removeServices(stack, dataDir, "worker");
    },
    stopQueue: () => each([names.queue], ["stop", "--time", "60"]),
    startQueue: () => each([names.queue], ["start"]),
    ...(volume === undefined && {
      // Its folder may be in memory, and gone as soon as it stops; a copy of what is being written may be torn, and is
      // taken again then.
      async copyUnkept(folder: string) {
        for (let tries = 5; ; tries--) {
          for (const suffix of ["", "-wal"]) {
            const file = join(folder, `history.db${suffix}`);
            await execa("docker", [...flags, "exec", names.server, "cat", `/data/main.db${suffix}`], {
              stdout: { file },
            });
          }
          try {
            readHistory(join(folder, "history.db"));
            return;
          } catch (error) {
            if (tries === 0) throw error;
          }
        }
      },
    }),
  };
}

/** What a script answers, from its standard output; its failure as it words it. */
async function answered<T>(command: string, args: string[], order: object): Promise<T> {
  const result = await execa(command, args, { input: JSON.stringify(order), reject: false });
  if (result.exitCode !== 0)
    throw new Problem(result.stderr.trim() || `it ended with ${result.exitCode ?? result.signal}`);
  return (result.stdout ? JSON.parse(result.stdout) : undefined) as T;
}
