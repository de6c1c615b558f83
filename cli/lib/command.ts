import { readdirSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { Problem } from "../../lib/problem.ts";

/** A command of this project: `--help`, exit code 0 on success, 1 on a failure, 2 on wrong usage. */
export function defineCommand(name: string, description: string): Command {
  const command = new Command(`npm run ${name} --`);
  return command
    .description(description)
    .allowExcessArguments(false)
    .showHelpAfterError(true)
    .configureOutput({ outputError: (text, write) => write(unknownOption(command, text) ?? text) })
    .exitOverride();
}

/** Commander reports a missing option before an unknown one, so that a misspelt option would be reported as missing. */
function unknownOption({ options, commands }: Command, error: string): string | undefined {
  const isMissing = error.startsWith("error: required option");
  const known = [options, ...commands.map((each) => each.options)].flat().flatMap(({ long }) => long ?? []);
  const flags = process.argv.slice(2).flatMap((word) => /^--[^=]+/.exec(word)?.[0] ?? []);
  const unknown = flags.find((flag) => !known.includes(flag));
  if (!isMissing || !unknown) return undefined;
  const nearest = closest(unknown, ["--help", ...known]);
  const isNear = distance(unknown, nearest) <= unknown.length / 2;
  return `error: unknown option '${unknown}'\n${isNear ? `(Did you mean ${nearest}?)\n` : ""}`;
}

/** Parses the arguments, runs the command's action and ends the process. */
export async function runCommand(command: Command): Promise<never> {
  try {
    await command.parseAsync();
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
    console.error(error instanceof Problem ? error.message : error);
    process.exit(error instanceof UsageProblem ? 2 : 1);
  }
}

/** A {@link Problem} with what was typed. */
export class UsageProblem extends Problem {}

/** The stacks that have a settings file in this folder. */
export function knownStacks(): string[] {
  return readdirSync(".").flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
}

/** @throws {UsageProblem} when the stack has no settings file: its name is most likely misspelt */
export function checkStack(stack: string): void {
  const known = knownStacks();
  if (known.includes(stack)) return;
  throw new UsageProblem(
    `--stack must name a stack that has a settings file, and Pulumi.${stack}.yaml is not here`,
    `--stack ${closest(stack, known)}, or write that file (known: ${known.sort().join(", ")})`,
  );
}

/** The parser of an option that takes a whole number from `least`. @param unit such as "seconds" */
export function parseWholeNumber(least: 0 | 1, unit?: string): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number${unit ? ` of ${unit}` : ""} from ${least}.`);
  };
}

/**
 * Asks whether to do something.
 *
 * @param what such as "destroy stack dev"
 * @throws {UsageProblem} when there is no terminal to ask on
 * @throws {Problem} when the answer is no
 */
export async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageProblem(`no terminal to ask on: say --yes to ${what}`);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`${what.charAt(0).toUpperCase()}${what.slice(1)}? [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Problem("nothing was done");
}
