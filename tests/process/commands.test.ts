// Every command that package.json has, as far as it can be asked without doing anything. What each does is for its own
// tests.
import { readFileSync } from "node:fs";
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
// That one is Pulumi's own, with its own help.
const commands = Object.entries(scripts).filter(
  ([name, line]) => line === `node cli/run.mjs ${name}` && name !== "pulumi",
);

describe.each(commands.map(([name]) => name))("npm run %s", { concurrent: true }, (name) => {
  const run = (...args: string[]) => execa(process.execPath, [`cli/${name}.ts`, ...args], { reject: false, all: true });

  test("has help with an example", async () => {
    const { exitCode, stdout } = await run("--help");
    expect(stdout).toMatch(new RegExp(`^Example: npm (run )?${name}\\b`, "m"));
    expect(exitCode).toBe(0);
  });

  // It takes 0.4 s to load; that of `upgrade` is for the version in config.ts.
  test.skipIf(name === "upgrade")("begins without Pulumi's SDK", async () => {
    const hook = `data:text/javascript,import { registerHooks } from "node:module";
      const resolve = (specifier, context, next) => {
        if (/^@pulumi\\//.test(specifier)) throw new Error(context.parentURL + " loads " + specifier);
        return next(specifier, context);
      };
      registerHooks({ resolve });`;
    const { exitCode, stderr } = await execa(process.execPath, ["--import", hook, `cli/${name}.ts`, "--help"], {
      reject: false,
    });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  });

  test("names the nearest of an unknown flag, as wrong usage", async () => {
    const { exitCode, all } = await run("--hlep");
    expect(all).toContain("(Did you mean --help?)");
    expect(exitCode).toBe(2);
  });
});

test.each([
  [["--stakc", "dev"], "error: unknown option '--stakc'\n(Did you mean --stack?)\n"],
  [["--colour=red"], "error: unknown option '--colour'\n\n"],
  [[], "error: required option '-s, --stack <stack>' not specified\n"],
])("destroy %j: what is misspelt comes before what is missing", async (args, text) => {
  const { exitCode, stderr } = await execa(process.execPath, ["cli/destroy.ts", ...args], { reject: false });
  expect(stderr).toMatch(new RegExp(`^${text.replaceAll(/[()?]/g, "\\$&")}`));
  expect(exitCode).toBe(2);
});

test("there are as many as the README and the docs speak of", () => {
  expect(commands.length).toBeGreaterThan(15);
});
