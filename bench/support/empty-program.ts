import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { compileCache } from "../../components/host/paths.ts";

/**
 * `usual`: as `pulumi new typescript` makes it, and run by plain `pulumi`. `lean`: with what this project does about its
 * own start, types stripped by Node and a compile cache.
 */
export type Kind = "usual" | "lean";

const files: Record<Kind, Record<string, string>> = {
  usual: {
    "Pulumi.yaml": "name: empty\nruntime: { name: nodejs, options: { packagemanager: npm } }\n",
    "package.json": '{ "name": "empty", "main": "index.ts" }\n',
    "index.ts": 'import * as pulumi from "@pulumi/pulumi";\nexport const answer = pulumi.output(42);\n',
    // What the template says of modules is deprecated in this project's version of TypeScript.
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        strict: true,
        target: "es2020",
        module: "commonjs",
        moduleResolution: "node",
        sourceMap: true,
        ignoreDeprecations: "6.0",
      },
      files: ["index.ts"],
    }),
  },
  lean: {
    "Pulumi.yaml": "name: empty\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
    "package.json": '{ "name": "empty", "type": "module", "main": "index.ts" }\n',
    "index.ts": 'import "@pulumi/pulumi";\nexport const answer: number = 42;\n',
  },
};

/** A Pulumi program without a resource, on a backend of its own: what any program costs at the least. */
export class EmptyProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), "empty-program-"));
  readonly #env: NodeJS.ProcessEnv;

  private constructor(kind: Kind) {
    const { NODE_COMPILE_CACHE: ours = compileCache(), ...inherited } = process.env;
    this.#env = {
      ...inherited,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE: "empty",
      ...(kind === "lean" && { NODE_COMPILE_CACHE: ours }),
    };
    for (const [name, content] of Object.entries(files[kind])) writeFileSync(join(this.#folder, name), content);
    symlinkSync(resolve("node_modules"), join(this.#folder, "node_modules"));
  }

  static async create(kind: Kind): Promise<EmptyProgram> {
    const program = new EmptyProgram(kind);
    await program.run("stack", "init", "empty");
    return program;
  }

  async run(...args: string[]): Promise<void> {
    await execa("pulumi", [...args, "--non-interactive"], { cwd: this.#folder, env: this.#env, extendEnv: false });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
