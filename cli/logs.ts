import { Argument } from "commander";
import type { Command } from "../lib/places/place.ts";
import { StackParts } from "../lib/places/places.ts";
import { Problem } from "../lib/problem.ts";
import { type PartName, partNames } from "../lib/stack/parts.ts";
import { checkStack, defineCommand, parseWholeNumber, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

interface Flags {
  stack: string;
  follow?: boolean;
  lines: number;
}

const command = defineCommand("logs", "Prints the latest log lines of a stack's parts.")
  .addArgument(new Argument("[part]", "one of them; else all, each line with its name").choices(partNames))
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("-f, --follow", "keep printing new lines until Ctrl-C")
  .option("-n, --lines <count>", "lines of each part to begin with", parseWholeNumber(0), 100)
  .addHelpText("after", "\nExample: npm run logs -- worker -f --stack persistent")
  .action(logs);

async function logs(asked: PartName | undefined, { stack, follow = false, lines }: Flags): Promise<void> {
  checkStack(stack);
  const parts = new StackParts(await (await Pulumi.find()).settings(stack));
  const wanted = parts.all.filter(({ name }) => asked === undefined || name === asked);
  const found = await Promise.all(
    wanted.map(async (part) => ({ name: part.name, line: await parts.placeOf(part).logs(part, { lines, follow }) })),
  );
  const logging = found.flatMap(({ name, line }) => (line ? [{ name, line }] : []));
  if (logging.length === 0) {
    throw new Problem(`stack ${stack} has no ${asked ?? "part"} that writes a log`, `npm start -- --stack ${stack}`);
  }
  // Ctrl-C ends --follow, which is no failure.
  process.once("SIGINT", () => process.exit(0));
  await Promise.all(logging.map(({ name, line }) => print(line, logging.length > 1 ? `${name.padEnd(8)} | ` : "")));
}

/** Prints both streams of a command on standard output, line by line as they come. */
async function print([program, ...args]: Command, prefix: string): Promise<void> {
  // A static import would be a third of what `--help` takes.
  const { execa } = await import("execa");
  const reader = execa(program, args, { all: true, buffer: false, reject: false, stdin: "ignore" });
  for await (const line of reader.iterable({ from: "all" })) console.log(prefix + line);
  const { exitCode, message } = (await reader) as { exitCode?: number; message?: string };
  if (exitCode !== 0) throw new Problem(`${program} cannot print the log: ${message}`);
}

await runCommand(command);
