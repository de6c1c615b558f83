import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { envValueProblem } from "../render/env-file.ts";
import type { SettingsReader } from "./reader.ts";

/** What the worker is told by the stack itself. */
const ownVariables = /^(INNGEST_.*|PORT|HOST|DATA_DIR|TRANSPORT|CHECKPOINT_STEPS)$/;

/** `workerEnv`, checked. */
export function workerVariables(reader: SettingsReader): Record<string, string> {
  const remedy = "pulumi config set --secret --path workerEnv.NAME VALUE";
  let variables: unknown;
  try {
    variables = JSON.parse(reader.text("workerEnv"));
  } catch {
    variables = undefined;
  }
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) {
    reader.problem("`workerEnv` must be names with values", remedy);
    return {};
  }
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
      reader.problem(`\`workerEnv\` must have names of A-Z, 0-9 and _, got ${JSON.stringify(name)}`, remedy);
    } else if (ownVariables.test(name)) {
      reader.problem(
        `\`workerEnv\` must not have ${name}, which the stack itself decides`,
        `pulumi config rm --path workerEnv.${name}`,
      );
    } else if (!["string", "number", "boolean"].includes(typeof value)) {
      reader.problem(`\`workerEnv\` must have one plain value for ${name}`, remedy);
    } else if (envValueProblem(String(value))) {
      reader.problem(`\`workerEnv\` has ${name}, which ${envValueProblem(String(value))}`, remedy);
    }
  }
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}

/** `workerDir` and the entry that its package.json names. */
export function workerFolder(reader: SettingsReader): { dir: string; entry: string } {
  const dir = reader.text("workerDir");
  const reject = (rule: string) =>
    reader.reject("workerDir", rule, `${reader.set("workerDir", "worker")}, or the folder of your own worker`);
  const manifest = join(dir, "package.json");
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    reject("a folder that exists");
    return { dir, entry: "" };
  }
  const entry = mainOf(manifest);
  if (typeof entry !== "string" || !statSync(join(dir, entry), { throwIfNoEntry: false })?.isFile()) {
    reject("a folder whose package.json names its entry in `main`");
    return { dir, entry: "" };
  }
  return { dir, entry };
}

function mainOf(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { main?: unknown }).main;
  } catch {
    return undefined;
  }
}
