import { existsSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "../../lib/host/paths.ts";
import { locate, queueInstallation } from "../../lib/host/programs.ts";
import { Problem } from "../../lib/problem.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import { findFreePorts } from "../lib/free-ports.ts";
import { missingQueue } from "../lib/missing-queue.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { type Answers, wantedSettings } from "./answers.ts";
import type * as questions from "./questions.ts";
import { findRecipe, type Recipe } from "./recipe.ts";
import { changesIn, type SettingChange, settingIn } from "./settings.ts";

/** What setup starts from. */
export interface Situation {
  pulumi: Pick<Pulumi, "change" | "configure">;
  answers: Answers;
  isUp: boolean;
  changes: SettingChange[];
  /** The command that installs a program for the stack's queue, where one is missing and wanted. */
  queueInstallation: string[] | undefined;
  /** The Inngest that was started by hand and is to be taken over. */
  recipe: Recipe | undefined;
  /** Keys of the recipe that the settings file does not have yet. */
  keys: Record<string, string>;
  /** Folder of the server's database on the process tier. */
  serverFolder: string;
}

/**
 * Looks at what is here, and asks whether to take over an Inngest that was started by hand.
 *
 * @throws {Problem} when something is missing that setup cannot add
 */
export async function survey(
  pulumi: Pulumi,
  answers: Answers,
  isUp: boolean,
  ask: typeof questions | undefined,
): Promise<Situation> {
  const { stack, worker } = answers;
  if (worker.runtime === "bun") locate({ kind: "bun" });
  const settings = await pulumi.settings(stack);
  checkClusterSettings(answers, settings);
  const found = isUp ? undefined : await findRecipe([".", process.env.INIT_CWD ?? "."]);
  const recipe = found && (!ask || (await ask.askAdopt(found))) ? found : undefined;
  const isFreed = recipe?.container?.running && recipe.container.ports.includes(settings.port);
  const free = isUp || isFreed ? [] : await findFreePorts(stack);
  const ports = Object.fromEntries(free.map(({ setting, to }) => [setting, String(to)]));
  const keys: Record<string, string> = {};
  for (const [key, value] of Object.entries(recipe?.keys ?? {})) {
    if (settingIn(stack, key) === undefined) keys[key] = value;
  }
  const installation = stack === "dev" && missingQueue(settings) instanceof Problem ? queueInstallation() : undefined;
  const isWanted = installation && (await ask?.askQueue(installation.join(" ")));
  const changes = changesIn(stack, { ...wantedSettings(answers, existsSync(`Pulumi.${stack}.yaml`)), ...ports });
  const serverFolder = join(dataFolder(stack, settings.dataDir), "server");
  return {
    ...{ pulumi, answers, isUp, changes, recipe, keys, serverFolder },
    queueInstallation: isWanted ? installation : undefined,
  };
}

/** @throws {Problem} when a setting is missing that a stack on Kubernetes needs */
function checkClusterSettings({ stack }: Answers, { kubernetes, worker }: Settings): void {
  if (stack !== "kubernetes" && stack !== "cluster") return;
  const set = (key: string, value: string) => `npm run pulumi -- config set ${key} ${value} --stack ${stack}`;
  const problems: Problem[] = [];
  if (!kubernetes?.context) {
    const remedy = `${set("kubeContext", "NAME")}, one of \`kubectl config get-contexts\``;
    problems.push(new Problem("`kubeContext` is not set", remedy));
  }
  if (!worker.image) {
    const remedy = `docker build --tag IMAGE worker, push it, and ${set("workerImage", "IMAGE")}`;
    problems.push(new Problem("`workerImage` is not set", remedy));
  }
  if (problems.length === 0) return;
  throw new Problem(
    `stack ${stack} needs more settings:\n${problems.map(({ message }) => `  - ${message}`).join("\n")}`,
  );
}
