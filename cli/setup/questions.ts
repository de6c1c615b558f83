import { cancel, confirm, intro, isCancel, note, select, text } from "@clack/prompts";
import { Problem } from "../../lib/problem.ts";
import { endpointOf, type Framework, frameworks, type Runtime, type StackName, stacks } from "./answers.ts";
import type { Recipe } from "./recipe.ts";
import type { Work } from "./scaffold.ts";

/** An answer. @throws {Problem} when the person leaves with Ctrl-C or Escape */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (!isCancel(answer)) return answer as Exclude<T, symbol>;
  cancel("Nothing was changed.");
  throw new Problem("setup ended before it changed anything", "npm run setup, when you are ready");
}

export function greet(): void {
  intro("inngest-local: three questions");
}

export async function askBuilding(): Promise<StackName> {
  const options = stacks.map(({ stack, building }, tier) => ({
    value: stack as StackName,
    label: building,
    hint: `tier ${tier}, stack ${stack}`,
  }));
  return answered(await select({ message: "What are you building?", options }));
}

export async function askRuntime(initialValue: Runtime): Promise<Runtime> {
  return answered(
    await select({
      message: "Which runtime for the worker?",
      initialValue,
      options: [
        { value: "node", label: "Node.js", hint: "the widest compatibility" },
        { value: "bun", label: "Bun", hint: "starts faster" },
        { value: "external", label: "An app that I have already", hint: "Next.js, Express, Hono" },
      ],
    }),
  );
}

export async function askWork(initialValue: Work): Promise<Work> {
  return answered(
    await select({
      message: "What kind of work?",
      initialValue,
      options: [
        { value: "ai", label: "AI agent tasks", hint: "agents, transcription, summaries" },
        { value: "general", label: "General background jobs", hint: "schedules, webhooks, data processing" },
        { value: "both", label: "Both" },
      ],
    }),
  );
}

export async function askAppUrl(): Promise<string> {
  const validate = (value: string | undefined) => {
    try {
      endpointOf(value ?? "");
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  return answered(
    await text({ message: "What is the address of your app?", initialValue: "http://localhost:3000", validate }),
  );
}

export async function askFramework(): Promise<Framework> {
  const options = frameworks.map((value) => ({ value }));
  return answered(await select({ message: "Which framework does it use?", options }));
}

export async function askWorkerDir(initialValue: string): Promise<string> {
  return answered(await text({ message: "Which folder for the worker?", initialValue }));
}

/** Asks whether to take over an Inngest that was started by hand. */
export async function askAdopt({ source, keys, container }: Recipe): Promise<boolean> {
  const what = Object.keys(keys).length > 0 ? "Take its keys over" : "Take over from it (its keys are not usable here)";
  const message = `Found an Inngest started by hand: ${source}. ${what}`;
  return answered(await confirm({ message: `${message}${container?.running ? " and stop it" : ""}?` }));
}

/** Asks whether to install what keeps runs in flight. */
export async function askQueue(installation: string): Promise<boolean> {
  const why = "This machine has no valkey-server or redis-server, so runs in flight would end with the server.";
  return answered(await confirm({ message: `${why} Install one now, with ${installation}?` }));
}

/** Shows what will be done. @throws {Problem} when the person does not want it */
export async function agree(plan: string[]): Promise<void> {
  note(plan.join("\n"), "This is what setup does");
  if (answered(await confirm({ message: "Go ahead?" }))) return;
  throw new Problem("nothing was changed");
}
