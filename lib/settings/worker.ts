import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { envValueProblem } from "../render/env-file.ts";

/** What the worker is told by the stack itself. */
const ownVariables = /^(INNGEST_.*|PORT|HOST|DATA_DIR|TRANSPORT|CHECKPOINT_STEPS)$/;

/** `workerEnv`, checked: what is wrong with it is added to `problems`. */
export function workerVariables(json: string, problems: string[]): Record<string, string> {
  const remedy = "Remedy: pulumi config set --secret --path workerEnv.NAME VALUE";
  let variables: unknown;
  try {
    variables = JSON.parse(json);
  } catch {
    variables = undefined;
  }
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) {
    problems.push(`\`workerEnv\` must be names with values. ${remedy}`);
    return {};
  }
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
      problems.push(`\`workerEnv\` must have names of A-Z, 0-9 and _, got ${JSON.stringify(name)}. ${remedy}`);
    } else if (ownVariables.test(name)) {
      problems.push(
        `\`workerEnv\` must not have ${name}, which the stack itself decides. Remedy: pulumi config rm --path workerEnv.${name}`,
      );
    } else if (!["string", "number", "boolean"].includes(typeof value)) {
      problems.push(`\`workerEnv\` must have one plain value for ${name}. ${remedy}`);
    } else if (envValueProblem(String(value))) {
      problems.push(`\`workerEnv\` has ${name}, which ${envValueProblem(String(value))}. ${remedy}`);
    }
  }
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}

/** `workerDir` and the entry that its package.json names. */
export function workerFolder(dir: string, reject: (rule: string) => void): { dir: string; entry: string } {
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
