import { Problem } from "../../lib/problem.ts";
import { execa } from "../lib/execa.ts";
import { verifyStack } from "../lib/verified.ts";
import type { ExistingApp, NewWorker } from "./answers.ts";
import { copyHistory, hasHistory, stopContainer } from "./recipe.ts";
import { differences, lookAt, packageName, readFiles, scaffoldFiles, writeWorker } from "./scaffold.ts";
import type { Situation } from "./situation.ts";

/** One thing that setup does, or leaves alone. */
export interface SetupStep {
  /** Its lines in the plan. */
  lines: string[];
  /** What setup is doing then, such as "writing the settings". */
  doing: string;
  run(): Promise<void>;
}

/** Lines that are shown of the differences of an existing worker. */
const shownLines = 40;

/** Everything that setup does, in order. */
export function planSteps(situation: Situation): SetupStep[] {
  const { worker } = situation.answers;
  return [
    ...(worker.runtime === "external" ? [] : [workerStep(worker)]),
    settingsStep(situation),
    ...containerSteps(situation),
    ...(situation.queueInstallation ? [queueStep(situation.queueInstallation)] : []),
    upStep(situation),
    checkStep(situation),
  ];
}

/**
 * Takes the steps. Ctrl-C ends after the current one: what is done stays, and the next setup continues.
 *
 * @throws {Problem} when it was interrupted, and when a step fails
 */
export async function runSteps(steps: SetupStep[]): Promise<void> {
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
  };
  process.on("SIGINT", interrupt);
  try {
    for (const step of steps) {
      // Ctrl-C also reaches what the step has started, which then fails.
      await step.run().catch((error: unknown) => {
        if (!isInterrupted) throw error;
      });
      if (!isInterrupted) continue;
      throw new Problem(`setup was interrupted while ${step.doing}`, "npm run setup again: it continues from there");
    }
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function workerStep({ dir, work }: NewWorker): SetupStep {
  const template = scaffoldFiles(readFiles("worker"), work, packageName(dir));
  if (lookAt(dir) === "absent") {
    return {
      lines: [`${dir}: a new worker, ${template.size} files`],
      doing: "writing the worker",
      run: async () => writeWorker(dir, template),
    };
  }
  return {
    lines: [`${dir}: is there, and stays as it is`],
    doing: "comparing the worker",
    run: async () => {
      if (dir !== "worker") showDifferences(dir, template);
    },
  };
}

function showDifferences(dir: string, template: ReadonlyMap<string, string>): void {
  const different = differences(dir, template);
  if (different.length === 0) return;
  console.log(`${dir} differs from a new worker in ${different.length} files, and stays as it is:`);
  const lines = different.flatMap(({ patch }) => patch.trimEnd().split("\n"));
  console.log(lines.slice(0, shownLines).join("\n"));
  if (lines.length > shownLines) console.log(`... and ${lines.length - shownLines} more lines`);
}

function settingsStep({ pulumi, answers: { stack }, changes, keys, recipe }: Situation): SetupStep {
  const lines = [
    ...changes.map(({ path, before = "(not set)", after = "(not set)" }) => `${path} ${before} -> ${after}`),
    ...Object.keys(keys).map((key) => `${key} from ${recipe?.source}, encrypted`),
  ];
  return {
    lines: [
      ...(lines.length > 0 ? lines : ["stays as it is"]).map((line) => `Pulumi.${stack}.yaml: ${line}`),
      ...(recipe?.unusable ?? []).map((problem) => `not taken from ${recipe?.source}: ${problem}`),
    ],
    doing: "writing the settings",
    run: () => pulumi.configure(stack, Object.fromEntries(changes.map(({ path, after }) => [path, after])), keys),
  };
}

/** Takes over from the container that was started by hand, and its history. */
function containerSteps({ recipe, answers, serverFolder }: Situation): SetupStep[] {
  const container = recipe?.container;
  if (!container) return [];
  const stop = {
    lines: ["container inngest: stopped, not removed; `docker start inngest` brings it back"],
    doing: "stopping container inngest",
    run: stopContainer,
  };
  const isCopied = answers.stack === "dev" && !hasHistory(serverFolder);
  const history = {
    lines: [
      isCopied
        ? "its history: copied, if it has one; runs in flight are in its memory alone, and are lost"
        : `its history: stays in the container (${container.folder}); only tier 0 can take it along`,
    ],
    doing: "copying the history",
    async run() {
      if (!isCopied) return;
      const hasSome = await copyHistory(container, serverFolder);
      console.log(hasSome ? "its history is copied" : "container inngest has no history");
    },
  };
  return container.running ? [stop, history] : [history];
}

/** Installs what the stack's queue needs. */
function queueStep([program = "", ...args]: string[]): SetupStep {
  const line = [program, ...args].join(" ");
  return {
    lines: [`${line}: what keeps runs in flight`],
    doing: "installing a queue",
    async run() {
      const { exitCode } = await execa(program, args, { reject: false, stdio: "inherit" });
      // Without it the stack comes up all the same.
      if (exitCode !== 0) console.log(`${line} has failed, so runs in flight end with the server for now.`);
    },
  };
}

function upStep({ pulumi, answers: { stack }, isUp }: Situation): SetupStep {
  return {
    lines: [`stack ${stack}: ${isUp ? "is up; brought up to date" : "brought up"}, then checked`],
    doing: "bringing the stack up",
    async run() {
      if ((await pulumi.change("up", stack, ["--refresh"])) !== "failed") return;
      throw new Problem(`stack ${stack} is not up; what went wrong is above`, "fix that, and run npm run setup again");
    },
  };
}

/** Runs `verify`; an app that does not answer yet leaves nothing to check. */
function checkStep({ answers: { stack, worker } }: Situation): SetupStep {
  return {
    lines: worker.runtime === "external" ? [`your app at ${worker.url}: left to you`] : [],
    doing: "checking the stack",
    async run() {
      if (worker.runtime !== "external" || (await answersRequests(worker))) await verifyStack(stack);
      else console.log(`\nNothing answers at ${worker.url} yet, so there is nothing to check.`);
    },
  };
}

async function answersRequests({ url }: ExistingApp): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
}
