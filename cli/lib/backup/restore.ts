import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { Problem } from "../../../lib/problem.ts";
import { until } from "../../../lib/wait.ts";
import { LiveStack } from "../live-stack.ts";
import type { Pulumi } from "../pulumi-cli.ts";
import type { Manifest } from "./archive.ts";

/** Seconds for a server with a large history to answer. */
const healthySeconds = 120;

/**
 * Checks that restoring a backup loses nothing.
 *
 * @param since what came after this time, in milliseconds since 1970, does not count
 * @throws {Problem} when the stack has newer data than the backup, or cannot take in all of it
 */
export async function checkFit(
  { manifest, since }: { manifest: Manifest; since: number },
  { name: stack, outputs: { stores }, data }: LiveStack,
): Promise<void> {
  const force = "--force, which keeps what it replaces";
  const seen = await data
    .runNextToData("inspect", { queueUrl: stores.queueUrl, before: since })
    .catch((error: Error) => {
      throw new Problem(`the data of stack ${stack} cannot be read (${error.message})`, force);
    });
  if (seen.newest > Date.parse(manifest.takenAt)) {
    const newest = new Date(seen.newest).toISOString();
    throw new Problem(
      `stack ${stack} has newer data: its last run or event came ${newest}, and the backup shows ${manifest.takenAt}`,
      force,
    );
  }
  if (manifest.queue && !stores.queueUrl && manifest.unfinished > 0) {
    throw new Problem(
      `stack ${stack} has no Redis, so ${manifest.unfinished} runs in flight of the backup would not continue`,
      "install valkey-server or redis-server and npm start, set `redisUrl`, or --force to drop them",
    );
  }
}

/**
 * Replaces the data of a stack that is up, and brings it up again with them.
 *
 * @param folder has an unpacked backup
 * @param onReplaced is called before the stack comes up
 * @returns where the replaced data is
 * @throws {Problem} when the stack does not come up again
 */
export async function restoreData(
  pulumi: Pulumi,
  stack: LiveStack,
  folder: string,
  onReplaced: () => void = () => undefined,
): Promise<string> {
  const bringUp = async () => {
    await stack.parts.start();
    return await pulumi.change("up", stack.name, []);
  };
  await stack.parts.stopWriters();
  let previous: string;
  try {
    previous = await replaceData(stack, folder);
    onReplaced();
  } catch (error) {
    await bringUp();
    throw error;
  }
  if ((await bringUp()) === "failed") {
    throw new Problem(
      `stack ${stack.name} is not up again; what went wrong is above. The replaced data is in ${previous}`,
    );
  }
  await untilHealthy(pulumi, stack.name);
  return previous;
}

/** Replaces the data of a stack whose server is stopped by what is in a folder. @returns where the replaced data is */
export async function replaceData({ outputs: { stores }, data, dataFolder }: LiveStack, folder: string) {
  const previous = data.previousAt(`replaced-${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}`);
  await data.runNextToData("restore", { queueUrl: stores.queueUrl, previous }, folder);
  replaceWorkerData(join(folder, "worker"), join(dataFolder, "worker"), join(dataFolder, basename(previous), "worker"));
  return previous;
}

/** Copies a backup's files of a worker on this machine; those that they replace are kept in `previous`. */
function replaceWorkerData(from: string, to: string, previous: string): void {
  if (!existsSync(from)) return;
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(from, join(entry.parentPath, entry.name));
    if (!existsSync(join(to, path))) continue;
    mkdirSync(dirname(join(previous, path)), { recursive: true, mode: 0o700 });
    copyFileSync(join(to, path), join(previous, path));
  }
  mkdirSync(to, { recursive: true, mode: 0o700 });
  cpSync(from, to, { recursive: true });
}

/** Waits until the server of a stack answers. @throws {Problem} after two minutes */
export async function untilHealthy(pulumi: Pulumi, stack: string): Promise<void> {
  await (await LiveStack.find(stack, pulumi)).reach(async ({ api }) => {
    if (await until({ seconds: healthySeconds, every: 100 }, () => api.isHealthy())) return;
    throw new Problem(`the server of stack ${stack} does not answer`, `npm run logs -- server --stack ${stack}`);
  });
}
