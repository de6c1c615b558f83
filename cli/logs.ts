import { Argument, InvalidArgumentError } from "commander";
import { execa } from "execa";
import { Problem } from "../lib/problem.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { type LoggingService, logCommandOf, loggingServices, logSettings } from "./lib/service-log.ts";

interface Flags {
  stack: string;
  follow?: boolean;
  lines: number;
}

const command = defineCommand(
  "logs",
  "Prints what a stack's server, worker, queue, gateway, janitor and scheduled backup have written last.",
)
  .addArgument(new Argument("[service]", "one of them; else all, each line with its name").choices(loggingServices))
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("-f, --follow", "go on printing until Ctrl-C")
  .option("-n, --lines <count>", "lines of each to begin with", wholeNumber, 100)
  .addHelpText("after", "\nExample: npm run logs -- worker -f --stack persistent")
  .action(logs);

async function logs(service: LoggingService | undefined, { stack, follow = false, lines }: Flags): Promise<void> {
  checkStack(stack);
  const settings = await (await Pulumi.find()).settings(stack, [...logSettings]);
  const asked = service ? [service] : loggingServices;
  const lineOf = (name: LoggingService) => logCommandOf(stack, name, settings, lines, follow);
  const found = (await Promise.all(asked.map(async (name) => ({ name, line: await lineOf(name) })))).filter(
    (entry): entry is { name: LoggingService; line: string[] } => entry.line !== undefined,
  );
  if (found.length === 0) {
    throw new Problem(
      `stack ${stack} has no ${service ?? "service"} here that writes a log`,
      `npm start -- --stack ${stack}`,
    );
  }
  // Ctrl-C is how one stops to follow, and no failure.
  process.once("SIGINT", () => process.exit(0));
  await Promise.all(found.map(({ name, line }) => print(line, found.length > 1 ? `${name.padEnd(7)} | ` : "")));
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
