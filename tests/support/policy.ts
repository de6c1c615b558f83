import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Pulumi } from "../../cli/lib/pulumi-cli.ts";
import { installDependencies } from "../../lib/dependencies.mjs";
import { passphrase } from "../../tools/test-stack.ts";

export interface Violation {
  level: string;
  rule: string;
  /** Name of the resource. */
  resource: string;
}

/** What a command of the CLI came to. */
export interface Judged {
  exitCode: number;
  output: string;
}

/** What makes the CLI run this project's policy pack. Installs what the pack needs. */
export function policyFlags(): string[] {
  const failure = installDependencies("policy");
  if (failure) throw new Error(failure);
  return ["--policy-pack", resolve("policy")];
}

/** The violations that the CLI has printed. */
export function violationsIn({ output }: Judged): Violation[] {
  return [...output.matchAll(/- \[(\w+)\] {2}([\w-]+) {2}\(\S+: (.+)\)/g)].map(([, level, rule, resource]) => ({
    level: level as string,
    rule: rule as string,
    resource: resource as string,
  }));
}

/** Somebody's program in a folder and a backend of its own, which has nothing of this project but the pack. */
export class Program {
  /** Its folder. */
  readonly home: string;
  readonly #pulumi: Pulumi;

  private constructor(home: string, pulumi: Pulumi) {
    this.home = home;
    this.#pulumi = pulumi;
  }

  /** The program in a file of tests/fixtures/policy/. */
  static async create(fixture: string): Promise<Program> {
    const home = mkdtempSync(join(tmpdir(), "program-"));
    const environment = { PULUMI_BACKEND_URL: `file://${home}`, PULUMI_CONFIG_PASSPHRASE: passphrase };
    const program = new Program(home, await Pulumi.find({ ...process.env, ...environment }));
    const runtime = "runtime: { name: nodejs, options: { typescript: false } }";
    writeFileSync(join(home, "Pulumi.yaml"), `name: somebodys\nmain: index.ts\n${runtime}\n`);
    writeFileSync(join(home, "package.json"), '{ "type": "module" }\n');
    copyFileSync(join("tests/fixtures/policy", fixture), join(home, "index.ts"));
    symlinkSync(resolve("node_modules"), join(home, "node_modules"));
    const { exitCode, output } = await program.#run("stack", "init", "test");
    if (exitCode !== 0) throw new Error(output);
    return program;
  }

  /** `pulumi preview` or `up` under the pack, configured by `config`. */
  async judged(command: "preview" | "up", config: object = {}): Promise<Judged> {
    const file = join(this.home, "policies.json");
    writeFileSync(file, JSON.stringify(config));
    const flags = command === "up" ? ["--yes", "--skip-preview"] : [];
    return await this.#run(command, "--stack", "test", ...flags, ...policyFlags(), "--policy-pack-config", file);
  }

  remove(): void {
    rmSync(this.home, { recursive: true });
  }

  #run(...args: string[]): Promise<Judged> {
    return this.#pulumi.capture(["--cwd", this.home, "--non-interactive", ...args]);
  }
}
