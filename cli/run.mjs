// Runs one of this folder's commands, `node cli/run.mjs start --stack dev`, or a tool of the development dependencies,
// `node cli/run.mjs vitest run`. Plain JavaScript, because a fresh clone on an older Node has to get this far.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import * as module from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { installDependencies, rootFlags } from "../lib/dependencies.mjs";
import { suitableNode } from "../lib/node.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);
const script = join(root, "cli", `${command}.ts`);
const isCommand = existsSync(script);
process.chdir(root);

const found = suitableNode();
if ("failure" in found) fail(found.failure);
else await run(found.node);

/** @param {string} node */
async function run(node) {
  const isOwn = node === process.execPath;
  // For npm, Pulumi's CLI and scripts that look for `node`. Another name of it, such as a package manager's, stays in use.
  if (nodeOnPath() !== realpathSync(node)) process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const failure = installDependencies(root, {
    dev: !isCommand || dirname(script) !== join(root, "cli"),
    flags: rootFlags,
  });
  if (failure) return fail(failure);
  // Half of what a command takes until it begins is the compiling of its modules (measured on Node 24).
  process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "compiled");
  const tool = join(root, "node_modules", ".bin", `${command}`);
  if (!isCommand && !existsSync(tool)) return fail(`there is no command ${command}. Remedy: npm run, which lists them`);
  const main = isCommand ? script : realpathSync(tool);
  if (!isOwn) return runOn(node, main);
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  process.argv.splice(1, 2, main);
  await import(pathToFileURL(main).href);
}

/** The program that `node` is on PATH, links followed. */
function nodeOnPath() {
  const folder = (process.env.PATH ?? "").split(delimiter).find((each) => existsSync(join(each, "node")));
  return folder && realpathSync(join(folder, "node"));
}

/**
 * @param {string} node
 * @param {string} main
 */
function runOn(node, main) {
  // A terminal sends SIGINT to the command as well, which ends in its own good time.
  process.on("SIGINT", () => {});
  // Before the command starts: a signal that came first would end this process and leave the command running.
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  const child = spawn(node, [main, ...args], { stdio: "inherit" });
  child.on("error", ({ message }) =>
    fail(`${node} could not be started (${message}). Remedy: delete it and run this again`),
  );
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** @param {string} problem */
function fail(problem) {
  console.error(problem);
  process.exitCode = 1;
}
