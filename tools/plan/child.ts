/**
 * Plans the stacks of one revision, in a process whose working folder is that revision's tree, so that its program runs
 * on its own dependencies. Receives a {@link PlanRequest} and answers with a {@link PlanAnswer} for each stack.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { generated, type Planned, type PlannedStack, planProgram } from "./planner.ts";
import { serviceSpecOf } from "./service-spec.ts";

export interface PlanRequest {
  stacks: Record<string, { values: Record<string, string>; encrypted: string[] }>;
}

/** A stack's plan, or why its program fails. */
export type PlanAnswer = { stack: string } & (
  | (PlannedStack & {
      /** Values that providers would compute, and their descriptions. */
      computed: Record<string, string>;
      /** Files that its host services would have, by path. `undefined` where the revision cannot render them. */
      files: Record<string, string> | undefined;
    })
  | { problem: string }
);

const urlOf = (path: string) => pathToFileURL(resolve(path)).href;

/**
 * A module of the revision, at the first of these paths that it has. Revisions without `lib/` have it in `components/`:
 * those paths can go once no branch starts from such a revision.
 */
async function moduleOf<T>(...paths: string[]): Promise<T | undefined> {
  const path = paths.find((each) => existsSync(each));
  return path === undefined ? undefined : ((await import(urlOf(path))) as T);
}

async function planOne(stack: string, config: PlanRequest["stacks"][string]): Promise<PlanAnswer> {
  const source = await moduleOf<{ sourceHash(folder: string): string }>(
    "lib/host/source.ts",
    "components/host/source.ts",
  );
  const computed: Record<string, string> = {};
  const planned = await planProgram(
    // Another query runs the program again; what it imports stays loaded.
    () => import(`${urlOf("index.ts")}?stack=${stack}`),
    config,
    {
      stack,
      otherStacks: config.values.keysFrom ? await keysOf(config.values.keysFrom, computed) : {},
      trackReplacements: {
        folderHash: (folder) => source?.sourceHash(folder) ?? folder,
        onComputed: (value, description) => {
          computed[value] = description;
        },
      },
    },
  );
  return { stack, ...planned, computed, files: await filesOf(planned.resources) };
}

/** Outputs of the stack whose keys are used. */
async function keysOf(stack: string, computed: Record<string, string>) {
  const rotation = await moduleOf<{ keysAt(step: string, current: unknown, previous: unknown): unknown }>(
    "lib/stack/key-rotation.ts",
    "components/key-rotation.ts",
  );
  const pair = {
    signingKey: generated(`signing key of ${stack}`, 64),
    eventKey: generated(`event key of ${stack}`, 48),
  };
  for (const key of Object.values(pair)) computed[key] = "secret";
  return { [stack]: { ...pair, keys: rotation?.keysAt("none", pair, pair) } };
}

async function filesOf(resources: Planned[]): Promise<Record<string, string> | undefined> {
  const renderer = await moduleOf<{ exampleFiles(spec: object): Record<string, string> }>(
    "lib/host/example-files.ts",
    "components/host/example-files.ts",
  );
  if (!renderer) return undefined;
  const specs = resources.flatMap((resource) => serviceSpecOf<object>(resource) ?? []);
  return Object.assign({}, ...specs.map((spec) => renderer.exampleFiles(spec)));
}

let fail: (reason: Error) => void = () => undefined;
// Nothing can catch an error within an Output.
process.on("unhandledRejection", (reason) => fail(reason as Error));
process.on("uncaughtException", (reason) => fail(reason));

process.once("message", async ({ stacks }: PlanRequest) => {
  for (const [stack, config] of Object.entries(stacks)) {
    const answer = await new Promise<PlanAnswer>((resolve) => {
      fail = (reason) => resolve({ stack, problem: reason.message });
      planOne(stack, config).then(resolve, fail);
    });
    // A channel that is closed drops what was not sent yet.
    await new Promise<void>((sent) => process.send?.(answer, undefined, undefined, () => sent()));
  }
  process.disconnect();
});
