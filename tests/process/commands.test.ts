// Proves of every command in package.json that it has help, loads no Pulumi SDK for it and refuses unknown flags. What each
// does is for its own tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
// `pulumi` is the CLI itself, with its own help.
const commands = Object.entries(scripts).flatMap(([name, line]) => {
  const program = /^node cli\/run\.mjs (\S+)$/.exec(line)?.[1];
  return program && name !== "pulumi" ? [{ name, file: join("cli", `${program}.ts`) }] : [];
});

describe.each(commands)("npm run $name", { concurrent: true }, ({ name, file }) => {
  const run = (...args: string[]) => execa(process.execPath, [file, ...args], { reject: false, all: true });

  test("has help with an example", async () => {
    const { exitCode, stdout } = await run("--help");
    expect(stdout).toMatch(new RegExp(`^Example: npm (run )?${name}\\b`, "m"));
    expect(exitCode).toBe(0);
  });

  // The SDK takes 0.4 s to load.
  test("loads nothing of Pulumi's SDK", async () => {
    const hook = `data:text/javascript,import { registerHooks } from "node:module";
      const resolve = (specifier, context, next) => {
        if (/^@pulumi\\//.test(specifier)) throw new Error(context.parentURL + " loads " + specifier);
        return next(specifier, context);
      };
      registerHooks({ resolve });`;
    const { exitCode, stderr } = await execa(process.execPath, ["--import", hook, file, "--help"], {
      reject: false,
    });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  });

  test("suggests the nearest flag for an unknown one, and exits 2", async () => {
    const { exitCode, all } = await run("--hlep");
    expect(all).toContain("(Did you mean --help?)");
    expect(exitCode).toBe(2);
  });
});

test.each([
  [["--stakc", "dev"], "error: unknown option '--stakc'\n(Did you mean --stack?)\n"],
  [["--colour=red"], "error: unknown option '--colour'\n\n"],
  [[], "error: required option '-s, --stack <stack>' not specified\n"],
])("destroy %j: a misspelt option is reported before a missing one", async (args, text) => {
  const { exitCode, stderr } = await execa(process.execPath, ["cli/destroy.ts", ...args], { reject: false });
  expect(stderr).toMatch(new RegExp(`^${text.replaceAll(/[()?]/g, "\\$&")}`));
  expect(exitCode).toBe(2);
});

test("every command of package.json is covered", () => {
  expect(commands.length).toBeGreaterThan(15);
});
