/**
 * Plans the stacks of one revision: a process of its own whose working folder is that revision, so that its program runs
 * on its own dependencies. Gets a {@link Wanted} and answers with a {@link Answer} for each stack.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { generated, type Planned, type PlannedStack, planProgram } from "./planner.ts";

export interface Wanted {
  stacks: Record<string, { values: Record<string, string>; encrypted: string[] }>;
}

/** What a stack's program asks for, or why it ends before it does. */
export type Answer = { stack: string } & (
  | (PlannedStack & {
      /** Values that stand for what a provider makes up, and what they are. */
      madeUp: Record<string, string>;
      /** Text of the files that its host services would have; `undefined` where the revision cannot render them. */
      files: Record<string, string> | undefined;
    })
  | { problem: string }
);

const at = (path: string) => pathToFileURL(resolve(path)).href;

/** A module of the revision's own, or `undefined` where it has none. */
async function own<T>(path: string): Promise<T | undefined> {
  return existsSync(path) ? ((await import(at(path))) as T) : undefined;
}

async function planOne(stack: string, config: Wanted["stacks"][string]): Promise<Answer> {
  const source = await own<{ sourceHash(folder: string): string }>("lib/host/source.ts");
  const madeUp: Record<string, string> = {};
  const planned = await planProgram(
    // Another query is another run of the program; what it imports is the same.
    () => import(`${at("index.ts")}?stack=${stack}`),
    config,
    {
      stack,
      otherStacks: config.values.keysFrom ? await keysOf(config.values.keysFrom, madeUp) : {},
      follow: {
        folderHash: (folder) => source?.sourceHash(folder) ?? folder,
        madeUp: (value, meaning) => {
          madeUp[value] = meaning;
        },
      },
    },
  );
  return { stack, ...planned, madeUp, files: await filesOf(planned.resources) };
}

/** Outputs of the stack whose keys are used. */
async function keysOf(stack: string, madeUp: Record<string, string>) {
  const rotation = await own<{ keysAt(step: string, current: unknown, previous: unknown): unknown }>(
    "lib/stack/key-rotation.ts",
  );
  const pair = {
    signingKey: generated(`signing key of ${stack}`, 64),
    eventKey: generated(`event key of ${stack}`, 48),
  };
  for (const key of Object.values(pair)) madeUp[key] = "secret";
  return { [stack]: { ...pair, keys: rotation?.keysAt("none", pair, pair) } };
}

async function filesOf(resources: Planned[]): Promise<Record<string, string> | undefined> {
  const renderer = await own<{ exampleFiles(spec: unknown): Record<string, string> }>("lib/host/example-files.ts");
  if (!renderer) return undefined;
  const specs = resources.flatMap(({ type, name, inputs }) =>
    type === "command:local:Command" && name.endsWith("-process") ? [JSON.parse(inputs.stdin as string)] : [],
  );
  return Object.assign({}, ...specs.map((spec) => renderer.exampleFiles(spec)));
}

let failed: (reason: Error) => void = () => undefined;
// A mistake within an Output is nobody's to catch.
process.on("unhandledRejection", (reason) => failed(reason as Error));
process.on("uncaughtException", (reason) => failed(reason));

process.once("message", async ({ stacks }: Wanted) => {
  for (const [stack, config] of Object.entries(stacks)) {
    const answer = await new Promise<Answer>((resolve) => {
      failed = (reason) => resolve({ stack, problem: reason.message });
      planOne(stack, config).then(resolve, failed);
    });
    // A channel that is closed takes with it what was not sent yet.
    await new Promise<void>((sent) => process.send?.(answer, undefined, undefined, () => sent()));
  }
  process.disconnect();
});
