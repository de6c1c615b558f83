import { closest } from "fastest-levenshtein";
import { schema } from "../../lib/settings/schema.ts";
import { UsageProblem } from "../lib/command.ts";
import { type Work, works } from "./scaffold.ts";

/** The stacks, by the number of their tier. */
export const stacks = [
  { stack: "dev", settings: { tier: "process" }, building: "Quick experiment, as processes on this machine" },
  {
    stack: "experiment",
    settings: { tier: "docker", durable: "false" },
    building: "Quick experiment, in a container that keeps nothing",
  },
  {
    stack: "persistent",
    settings: { tier: "docker", durable: "true" },
    building: "Persistent setup, in containers that survive reboots",
  },
  {
    stack: "kubernetes",
    settings: { tier: "kubernetes", workerPlacement: "container" },
    building: "Full infrastructure, on Kubernetes with persistent storage",
  },
  {
    stack: "cluster",
    settings: { tier: "cluster", workerPlacement: "container" },
    building: "Full infrastructure, several servers on Postgres and Redis",
  },
] as const;

export type StackName = (typeof stacks)[number]["stack"];

export const runtimes = schema.runtime.of;
export type Runtime = (typeof runtimes)[number];

/** Frameworks that `examples/` has an app for. */
export const frameworks = ["express", "hono", "next", "other"] as const;
export type Framework = (typeof frameworks)[number];

/** Folder of a new worker where no other is given; git ignores it. */
export const defaultWorkerDir = "my-worker";

/** Flags of setup; what they leave open is asked, or taken from what is here already. */
export interface Flags {
  tier?: string;
  runtime?: string;
  work?: string;
  workerDir?: string;
  appUrl?: string;
  framework?: string;
  yes?: true;
}

/** What setup is to make. */
export interface Answers {
  stack: StackName;
  worker: NewWorker | ExistingApp;
}

export interface NewWorker {
  runtime: "node" | "bun";
  work: Work;
  dir: string;
}

export interface ExistingApp {
  runtime: "external";
  /** Its Inngest endpoint. */
  url: string;
  framework: Framework;
}

/** The settings that answers ask for, by path; `undefined` for those that must not be set. */
export function wantedSettings({ stack, worker }: Answers, fileExists: boolean): Record<string, string | undefined> {
  const base = fileExists ? {} : stacks.find((each) => each.stack === stack)?.settings;
  if (worker.runtime === "external") return { ...base, runtime: worker.runtime, workerUrl: worker.url };
  const { runtime, work, dir } = worker;
  return { ...base, runtime, workerUrl: undefined, workerDir: dir, "workerEnv.WORK": work };
}

/** The value of a flag. @throws {UsageProblem} when it is none of the allowed ones */
export function choice<const T extends string>(flag: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw new UsageProblem(
    `${flag} must be one of ${allowed.join(", ")}, got ${JSON.stringify(value)}`,
    `${flag} ${closest(value, [...allowed])}`,
  );
}

/**
 * The stack of a tier, given by its number, the stack's name or the setting `tier`.
 *
 * @throws {UsageProblem} for anything else
 */
export function stackOf(tier: string): StackName {
  const names: Record<string, StackName> = { process: "dev", docker: "persistent" };
  for (const [number, { stack }] of stacks.entries()) {
    names[number] = stack;
    names[stack] = stack;
  }
  const known = Object.keys(names);
  if (Object.hasOwn(names, tier)) return names[tier] as StackName;
  throw new UsageProblem(
    `the tier must be one of ${known.join(", ")}, got ${JSON.stringify(tier)}`,
    `npm run setup -- ${/^\d+$/.test(tier) ? "2" : closest(tier, known)}`,
  );
}

/**
 * The Inngest endpoint of an app; `/api/inngest` where only its origin is given.
 *
 * @throws {UsageProblem} when it is no http address
 */
export function endpointOf(appUrl: string): string {
  const url = URL.parse(appUrl);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(
      `--app-url must be the http address of your app, got ${JSON.stringify(appUrl)}`,
      "--app-url http://localhost:3000",
    );
  }
  if (url.pathname === "/") url.pathname = "/api/inngest";
  return url.href;
}

/** @throws {UsageProblem} when a flag is wrong, or two contradict each other */
export function checkFlags({ tier, runtime, work, workerDir, appUrl, framework }: Flags): void {
  if (tier !== undefined) stackOf(tier);
  if (runtime !== undefined) choice("--runtime", runtimes, runtime);
  if (work !== undefined) choice("--work", works, work);
  if (framework !== undefined) choice("--framework", frameworks, framework);
  if (appUrl !== undefined) endpointOf(appUrl);
  const ofApp = appUrl !== undefined ? "--app-url" : framework !== undefined ? "--framework" : undefined;
  if (ofApp && runtime !== "external") {
    throw new UsageProblem(`${ofApp} is for an app that you have already`, "--runtime external, or leave it out");
  }
  const ofWorker = workerDir !== undefined ? "--worker-dir" : work !== undefined ? "--work" : undefined;
  if (ofWorker && runtime === "external") {
    throw new UsageProblem(`${ofWorker} is for a worker that setup creates`, "--runtime node, or leave it out");
  }
}
