import { UsageProblem } from "../lib/command.ts";
import {
  type Answers,
  choice,
  defaultWorkerDir,
  type ExistingApp,
  endpointOf,
  type Flags,
  frameworks,
  type NewWorker,
  runtimes,
  type StackName,
} from "./answers.ts";
import type * as questions from "./questions.ts";
import { checkFolder, works } from "./scaffold.ts";
import { settingIn } from "./settings.ts";

/** Each answer from its flag, else from the person at the terminal, else from the settings file. */
export async function collectAnswers(
  stack: StackName,
  flags: Flags,
  ask: typeof questions | undefined,
): Promise<Answers> {
  const before = choice("runtime", runtimes, settingIn(stack, "runtime") ?? "node");
  const runtime = flags.runtime
    ? choice("--runtime", runtimes, flags.runtime)
    : ((await ask?.askRuntime(before)) ?? before);
  const worker =
    runtime === "external" ? await existingApp(stack, flags, ask) : await newWorker(stack, runtime, flags, ask);
  return { stack, worker };
}

async function existingApp(stack: StackName, flags: Flags, ask: typeof questions | undefined): Promise<ExistingApp> {
  const url = flags.appUrl ?? settingIn(stack, "workerUrl") ?? (await ask?.askAppUrl());
  if (url === undefined) {
    throw new UsageProblem("--runtime external needs your app's address", "--app-url http://localhost:3000");
  }
  const framework = flags.framework
    ? choice("--framework", frameworks, flags.framework)
    : ((await ask?.askFramework()) ?? "other");
  return { runtime: "external", url: endpointOf(url), framework };
}

async function newWorker(
  stack: StackName,
  runtime: NewWorker["runtime"],
  flags: Flags,
  ask: typeof questions | undefined,
): Promise<NewWorker> {
  const workBefore = choice("work", works, settingIn(stack, "workerEnv.WORK") ?? "both");
  const work = flags.work ? choice("--work", works, flags.work) : ((await ask?.askWork(workBefore)) ?? workBefore);
  const dirBefore = settingIn(stack, "workerDir") ?? defaultWorkerDir;
  const dir = flags.workerDir ?? (await ask?.askWorkerDir(dirBefore)) ?? dirBefore;
  checkFolder(dir);
  return { runtime, work, dir };
}
