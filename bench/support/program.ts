import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { compileCache } from "../../lib/host/paths.ts";

/**
 * `template` and `lean` have no resources, so they cost what any program costs: `template` as created by
 * `pulumi new typescript`, `lean` with this project's optimizations (Node strips the types, compile cache).
 * `workers` is lean too and declares `WORKERS` host workers without a server.
 */
export type Kind = "template" | "lean" | "workers";

const lean = {
  "Pulumi.yaml": "name: bench\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
  "package.json": '{ "name": "bench", "type": "module", "main": "index.ts" }\n',
};

const files: Record<Kind, Record<string, string>> = {
  template: {
    "Pulumi.yaml": "name: bench\nruntime: { name: nodejs, options: { packagemanager: npm } }\n",
    "package.json": '{ "name": "bench", "main": "index.ts" }\n',
    "index.ts": 'import * as pulumi from "@pulumi/pulumi";\nexport const answer = pulumi.output(42);\n',
    // The template's module settings are deprecated in this project's version of TypeScript.
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
  lean: { ...lean, "index.ts": 'import "@pulumi/pulumi";\nexport const answer: number = 42;\n' },
  workers: {
    ...lean,
    "index.ts": `
import { HostWorker } from "./components/host/worker.ts";
import { SigningKeys } from "./components/signing-keys.ts";

const { keys } = new SigningKeys("keys");
for (let index = 0; index < Number(process.env.WORKERS); index++) {
  const port = 21_000 + index;
  new HostWorker(\`worker-\${index}\`, {
    stack: \`bench-\${index}\`,
    dir: "worker",
    entry: "serve.ts",
    runtime: "node",
    port,
    transport: "serve",
    serverUrl: "http://127.0.0.1:9",
    origin: \`http://127.0.0.1:\${port}\`,
    keys: keys.worker,
    variables: {},
    supervision: { supervisor: "none", scope: "user" },
  });
}
`,
  },
};

/** A Pulumi program with its own backend, in a temporary folder. */
export class BenchProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), "bench-program-"));
  readonly #env: NodeJS.ProcessEnv;

  private constructor(kind: Kind, variables: Record<string, string>) {
    const { NODE_COMPILE_CACHE: cache = compileCache(), ...inherited } = process.env;
    this.#env = {
      ...inherited,
      ...variables,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      XDG_DATA_HOME: join(this.#folder, "data"),
      ...(kind !== "template" && { NODE_COMPILE_CACHE: cache }),
    };
    for (const [name, content] of Object.entries(files[kind])) writeFileSync(join(this.#folder, name), content);
    const links = ["node_modules", ...(kind === "workers" ? ["components", "lib", "scripts", "worker"] : [])];
    for (const name of links) symlinkSync(resolve(name), join(this.#folder, name));
  }

  static async create(kind: Kind, variables: Record<string, string> = {}): Promise<BenchProgram> {
    const program = new BenchProgram(kind, variables);
    await program.run("stack", "init", "bench");
    return program;
  }

  async run(...args: string[]): Promise<void> {
    await execa("pulumi", [...args, "--non-interactive"], { cwd: this.#folder, env: this.#env, extendEnv: false });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
