// Runs one of this folder's commands: `node cli/run.mjs start --stack dev`. Plain JavaScript, because a fresh clone on
// an older Node has to get this far; the commands themselves run on the Node that package.json pins.
import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "../lib/dependencies.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, "node_modules", ".bin");
const [command, ...args] = process.argv.slice(2);
// Half of what a command takes until it begins is the compiling of its modules (measured on Node 24).
const { NODE_COMPILE_CACHE = join(root, "node_modules", ".cache", "compiled") } = process.env;

if (!ensureDependencies(root)) {
  console.error(
    "npm could not install this project's dependencies; its output is above. Remedy: mend that, and run npm ci",
  );
  process.exit(1);
}
const child = spawn(join(binaries, "node"), [join(root, "cli", `${command}.ts`), ...args], {
  cwd: root,
  env: { ...process.env, NODE_COMPILE_CACHE, PATH: `${binaries}${delimiter}${process.env.PATH}` },
  stdio: "inherit",
});
// A terminal sends the signal to the command as well, which ends in its own good time.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => {});
child.on("exit", (code) => process.exit(code ?? 1));
