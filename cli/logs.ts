import { Argument, InvalidArgumentError } from "commander";
import { execa } from "execa";
import { dockerNames } from "../components/docker/names.ts";
import { Problem } from "../components/host/problem.ts";
import { readRecord } from "../components/host/records.ts";
import { supervisorNamed } from "../components/host/supervisors/index.ts";
import { identify } from "../components/host/supervisors/service.ts";
import { checkStack, defineCommand, runCommand } from "./command.ts";
import { Pulumi } from "./pulumi-cli.ts";

const services = ["server", "worker", "queue", "gateway", "janitor", "backup"] as const;
type Service = (typeof services)[number];

interface Flags {
  stack: string;
  follow?: boolean;
  lines: number;
}

const command = defineCommand(
  "logs",
  "Prints what a stack's server, worker, queue, gateway, janitor and scheduled backup have written last.",
)
  .addArgument(new Argument("[service]", "one of them; else all, each line with its name").choices(services))
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("-f, --follow", "go on printing until Ctrl-C")
  .option("-n, --lines <count>", "lines of each to begin with", wholeNumber, 100)
  .addHelpText("after", "\nExample: npm run logs -- worker -f --stack persistent")
  .action(logs);

async function logs(service: Service | undefined, { stack, follow = false, lines }: Flags): Promise<void> {
  checkStack(stack);
  const { dataDir, dockerContext, tier } = await (await Pulumi.find()).settings(stack, [
    "dataDir",
    "dockerContext",
    "tier",
  ]);

  /** Where a service writes: its supervisor's log when it was started on this machine, else its container's. */
  const commandOf = async (name: Service): Promise<string[] | undefined> => {
    const host = identify({ stack, service: name, dataDir });
    const record = readRecord(host.record);
    if (record) return supervisorNamed(record.supervisor, record.scope).logCommand(host, lines, follow);
    if (tier !== "docker" || name === "backup") return undefined;
    const docker = ["docker", ...(dockerContext ? ["--context", dockerContext] : [])];
    const container = dockerNames(stack)[name];
    const { exitCode } = await execa({ reject: false })`${docker} container inspect ${container}`;
    if (exitCode !== 0) return undefined;
    return [...docker, "logs", `--tail=${lines}`, ...(follow ? ["--follow"] : []), container];
  };

  const asked = service ? [service] : services;
  const found = (await Promise.all(asked.map(async (name) => ({ name, line: await commandOf(name) })))).filter(
    (entry): entry is { name: Service; line: string[] } => entry.line !== undefined,
  );
  if (found.length === 0) {
    throw new Problem(
      `stack ${stack} has no ${service ?? "service"} here that writes a log. Remedy: npm start -- --stack ${stack}`,
    );
  }
  // Ctrl-C is how one stops to follow, and no failure.
  process.once("SIGINT", () => process.exit(0));
  await Promise.all(found.map(({ name, line }) => print(line, found.length > 1 ? `${name.padEnd(6)} | ` : "")));
}

/** A service's two streams, line by line as they come, on standard output. */
async function print([program = "", ...args]: string[], prefix: string): Promise<void> {
  const reader = execa(program, args, { all: true, buffer: false, reject: false, stdin: "ignore" });
  for await (const line of reader.iterable({ from: "all" })) console.log(prefix + line);
  const { exitCode, message } = (await reader) as { exitCode?: number; message?: string };
  if (exitCode !== 0) throw new Problem(`${program} cannot show the log: ${message}`);
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

await runCommand(command);
