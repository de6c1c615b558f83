import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dataFolder } from "../../../lib/host/paths.ts";
import { InngestApi } from "../../../lib/inngest/api.ts";
import { throughForward } from "../../../lib/places/forward.ts";
import { Problem } from "../../../lib/problem.ts";
import type { Forward } from "../../../lib/stack/endpoints.ts";
import type { Pulumi } from "../pulumi-cli.ts";
import type { Manifest } from "./archive.ts";
import type { StackState } from "./take.ts";

/** Seconds for a server to answer that has a large history to open. */
const patienceSeconds = 120;

/** Outputs by which one asks a server. */
interface Answering {
  apiUrl: string;
  workerUrl: string;
  signingKey: string;
  forward?: Forward;
}

/**
 * Throws {@link Problem} when a stack has what is newer than a backup, or cannot take in all of it.
 * What came after `since` does not count.
 */
export async function checkFit(
  { stack, manifest, since }: { stack: string; manifest: Manifest; since: number },
  { stores, data }: StackState,
): Promise<void> {
  const force = "Remedy: --force, which keeps what is replaced aside";
  const seen = await data
    .runNextToData("inspect", { queueUrl: stores.queueUrl, before: since })
    .catch((error: Error) => {
      throw new Problem(`what stack ${stack} has cannot be read (${error.message}). ${force}`);
    });
  if (seen.newest > Date.parse(manifest.takenAt)) {
    const newest = new Date(seen.newest).toISOString();
    throw new Problem(
      `stack ${stack} has newer data: its last run or event came ${newest}, and the backup shows ${manifest.takenAt}. ${force}`,
    );
  }
  if (manifest.queue && !stores.queueUrl && manifest.unfinished > 0) {
    throw new Problem(
      `stack ${stack} has no Redis, so ${manifest.unfinished} runs in flight of the backup would not go on`,
      "set `redisUrl`, restore into the stack persistent, or --force to let them go",
    );
  }
}

/**
 * Replaces a stack's state by the one in `folder`, calls `replaced`, and brings the stack up with it. Returns where the
 * old state is.
 */
export async function putBack(
  pulumi: Pulumi,
  stack: string,
  state: StackState,
  folder: string,
  replaced: () => void = () => undefined,
): Promise<string> {
  const { parts } = state;
  const bringBack = async () => {
    await parts.start();
    return await pulumi.change("up", stack, []);
  };
  await parts.stopWriters();
  let aside: string;
  try {
    aside = await replaceState(stack, state, folder);
    replaced();
  } catch (error) {
    await bringBack();
    throw error;
  }
  if ((await bringBack()) !== 0) {
    throw new Problem(`stack ${stack} is not up again; what went wrong is above. What was replaced is in ${aside}`);
  }
  await untilHealthy(pulumi, stack);
  return aside;
}

/** Replaces the state of a stack whose server is stopped by the one in `folder`. Returns where the old one is. */
export async function replaceState(
  stack: string,
  { stores, data, dataDir }: StackState,
  folder: string,
): Promise<string> {
  const aside = data.previousAt(`replaced-${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}`);
  await data.runNextToData("restore", { queueUrl: stores.queueUrl, previous: aside }, folder);
  const local = dataFolder(stack, dataDir);
  putWorkerData(join(folder, "worker"), join(local, "worker"), join(local, basename(aside), "worker"));
  return aside;
}

/** Puts the files of a worker on this machine back; those that they replace are kept in `aside`. */
function putWorkerData(from: string, to: string, aside: string): void {
  if (!existsSync(from)) return;
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(from, join(entry.parentPath, entry.name));
    if (!existsSync(join(to, path))) continue;
    mkdirSync(dirname(join(aside, path)), { recursive: true, mode: 0o700 });
    copyFileSync(join(to, path), join(aside, path));
  }
  mkdirSync(to, { recursive: true, mode: 0o700 });
  cpSync(from, to, { recursive: true });
}

/** Waits until the server answers. Throws {@link Problem} after two minutes. */
export async function untilHealthy(pulumi: Pulumi, stack: string): Promise<void> {
  const outputs = await pulumi.outputs<Answering>(stack);
  await throughForward(outputs.forward, outputs, async ({ apiUrl }) => {
    const api = new InngestApi(apiUrl, outputs.signingKey);
    const deadline = Date.now() + patienceSeconds * 1000;
    while (!(await api.isHealthy())) {
      if (Date.now() > deadline) {
        throw new Problem(`the server of stack ${stack} does not answer`, `npm run logs -- server --stack ${stack}`);
      }
      await sleep(100);
    }
  });
}
