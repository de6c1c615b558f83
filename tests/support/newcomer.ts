import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { shellCommands } from "./documents.ts";
import { repositoryOfThis } from "./repository.ts";

/** Somebody who has just cloned the project, with a home of their own; Pulumi's CLI and plugins are the machine's. */
export class Newcomer {
  /** Is made by {@link clone}: a suite that is skipped leaves none. */
  readonly home = join(tmpdir(), `newcomer-${randomUUID().slice(0, 6)}`);
  readonly checkout = join(this.home, "inngest-local");
  readonly #environment: NodeJS.ProcessEnv;

  constructor() {
    const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE: __, PULUMI_ACCESS_TOKEN: ___, ...inherited } = process.env;
    const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
    this.#environment = {
      ...inherited,
      PULUMI_HOME: join(this.home, ".pulumi"),
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_CONFIG_HOME: join(this.home, "config"),
      PATH: path.join(":"),
    };
  }

  /** Clones the project as getting-started.md says, from this checkout. */
  clone(): void {
    mkdirSync(this.home);
    const shared = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
    mkdirSync(join(this.home, ".pulumi"));
    for (const folder of ["plugins", "versions"]) symlinkSync(join(shared, folder), join(this.home, ".pulumi", folder));
    repositoryOfThis(join(this.home, "origin"));
    const [step = ""] = shellCommands(readFileSync("docs/getting-started.md", "utf8"));
    const [address = "", folder] = step.split(" && cd ");
    if (join(this.home, folder as string) !== this.checkout) throw new Error(`the page clones into ${folder}`);
    const here = address.replace(/https:\S+/, `"${join(this.home, "origin")}" ${folder}`);
    execFileSync("sh", ["-c", here], { cwd: this.home });
  }

  /** A line as it is typed in the checkout, or in one of its folders. */
  types(line: string, folder = "") {
    const cwd = join(this.checkout, folder);
    return execa("sh", ["-c", line], { cwd, env: this.#environment, extendEnv: false, reject: false, all: true });
  }

  git(...args: string[]): string {
    return execFileSync("git", ["-C", this.checkout, ...args], { encoding: "utf8" });
  }

  /** Leaves nothing of the stacks, nor of the home. */
  async leave(...stacks: string[]): Promise<void> {
    for (const stack of stacks) await this.types(`npm run destroy -- --stack ${stack} --delete-data --yes`);
    rmSync(this.home, { recursive: true, force: true });
  }
}
