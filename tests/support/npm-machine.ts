import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { nodePackage } from "../../lib/node.mjs";
import { repositoryOfThis } from "./repository.ts";

/** Programs that npm has brought for these tests; stays for the next run. */
const programs = join(homedir(), ".cache", "inngest-local", "install-tests");
/** Packages that an earlier install has downloaded, on every such machine. */
const packages = join(programs, "npm-cache");

/** Why no package can be installed here, or `undefined`. */
export function noRegistry(): string | undefined {
  const args = ["view", `${nodePackage()}@20`, "version", "--fetch-retries=0", "--fetch-timeout=5000"];
  return spawnSync("npm", args).status === 0 ? undefined : "npm's registry cannot be reached";
}

/** The folder with a package's programs. */
export function bring(spec: string): string {
  const folder = join(programs, spec);
  if (!existsSync(folder)) {
    mkdirSync(programs, { recursive: true });
    const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const { status, stderr } = spawnSync("npm", ["install", "--prefix", folder, ...flags, spec], { encoding: "utf8" });
    if (status !== 0) rmSync(folder, { recursive: true, force: true });
    if (status !== 0) throw new Error(stderr);
  }
  return join(folder, "node_modules", ".bin");
}

/** An account with an empty home and a checkout, on a machine with a Node and an npm of its own. */
export class NpmMachine {
  readonly home = mkdtempSync(join(tmpdir(), "Jo's é 漢-"));
  readonly checkout = join(this.home, "my inngest-local é");
  /** What all of the account's clones share. */
  readonly shared =
    process.platform === "darwin"
      ? join(this.home, "Library", "Application Support", "inngest-local")
      : join(this.home, "data", "inngest-local");
  readonly environment: NodeJS.ProcessEnv;

  constructor(node: string, npm: string, environment: NodeJS.ProcessEnv = {}) {
    repositoryOfThis(this.checkout);
    this.environment = {
      HOME: this.home,
      XDG_DATA_HOME: join(this.home, "data"),
      PATH: [bring(`${nodePackage()}@${node}`), bring(`npm@${npm}`), "/usr/bin", "/bin"].join(delimiter),
      npm_config_cache: packages,
      npm_config_prefer_offline: "true",
      // Of a machine whose network has a certificate of its own.
      NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
      ...environment,
    };
  }

  /** Runs a program in the checkout, in a process group of its own. */
  run(program: string, ...args: string[]) {
    return execa(program, args, {
      cwd: this.checkout,
      env: this.environment,
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      detached: true,
    });
  }

  /** Size of a folder below the checkout in MiB, as its blocks take it. */
  async size(folder: string): Promise<number> {
    return Number((await this.run("du", "-sk", folder)).stdout.split("\t")[0]) / 1024;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
