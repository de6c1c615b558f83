import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { closest } from "fastest-levenshtein";
import { installDependencies } from "../../lib/dependencies.mjs";
import { Problem } from "../../lib/problem.ts";
import { UsageProblem } from "../lib/command.ts";

/** An event that a worker declares with the SDK's `eventType`; its schema is a Standard Schema. */
export interface DeclaredEvent {
  name: string;
  schema?: StandardSchema | undefined;
}

/** The part of https://standardschema.dev that is needed here. */
interface StandardSchema {
  "~standard": {
    validate(value: unknown): Result | Promise<Result>;
  };
}

interface Result {
  issues?: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] }[];
}

/** The events that a worker's `events.ts` declares; `undefined` when it has no such file. */
export async function declaredEvents(workerDir: string): Promise<DeclaredEvent[] | undefined> {
  const file = resolve(workerDir, "events.ts");
  if (!existsSync(file)) return undefined;
  const failure = installDependencies(workerDir);
  if (failure) throw new Problem(failure);
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  return Object.values(module).filter(isDeclaredEvent);
}

function isDeclaredEvent(value: unknown): value is DeclaredEvent {
  const { name, schema } = (value ?? {}) as Partial<DeclaredEvent>;
  // The module may also export schemas of parts of events.
  return typeof name === "string" && (schema === undefined || "~standard" in schema) && !("~standard" in Object(value));
}

/** @throws {UsageProblem} when no such event is declared, or its data does not match the schema */
export async function checkEvent(
  events: DeclaredEvent[],
  { name, data }: { name: string; data: unknown },
  workerDir: string,
): Promise<void> {
  const file = join(workerDir, "events.ts");
  const event = events.find((each) => each.name === name);
  if (!event) {
    const names = events.map((each) => each.name).sort();
    throw new UsageProblem(
      `EVENT must be one that ${file} declares, got ${JSON.stringify(name)}`,
      `${closest(name, names)}, or declare it there (declared: ${names.join(", ")})`,
    );
  }
  const { issues = [] } = (await event.schema?.["~standard"].validate(data)) ?? {};
  if (issues.length === 0) return;
  const lines = issues.map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
    return `  - ${["data", ...keys].join(".")}: ${message}`;
  });
  throw new UsageProblem(`the data of ${name} does not match ${file}:\n${lines.join("\n")}`);
}

/** The data of an event. @throws {UsageProblem} when it is not a JSON object */
export function parseData(json: string): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw new UsageProblem(`JSON must be valid: ${(error as Error).message}`, `'{"key": "value"}', in quotes`);
  }
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return data as Record<string, unknown>;
  throw new UsageProblem(`JSON must be an object, got ${json}`, `'{"key": "value"}', in quotes`);
}
