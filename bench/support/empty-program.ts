import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { compileCache } from "../../components/host/paths.ts";

/** A Pulumi program without a resource, on a backend of its own: what any program costs at the least. */
export class EmptyProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), "empty-program-"));
  readonly #env: Record<string, string>;

  private constructor() {
    // The same compile cache as the project's own commands have.
    const cache = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache() };
    this.#env = { PULUMI_BACKEND_URL: `file://${this.#folder}`, PULUMI_CONFIG_PASSPHRASE: "empty", ...cache };
    writeFileSync(
      join(this.#folder, "Pulumi.yaml"),
      "name: empty\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
    );
    writeFileSync(join(this.#folder, "package.json"), '{ "name": "empty", "type": "module", "main": "index.ts" }\n');
    writeFileSync(join(this.#folder, "index.ts"), 'import "@pulumi/pulumi";\nexport const answer: number = 42;\n');
    symlinkSync(resolve("node_modules"), join(this.#folder, "node_modules"));
  }

  static async create(): Promise<EmptyProgram> {
    const program = new EmptyProgram();
    await program.run("stack", "init", "empty");
    return program;
  }

  async run(...args: string[]): Promise<void> {
    await execa("pulumi", [...args, "--non-interactive"], { cwd: this.#folder, env: this.#env });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
