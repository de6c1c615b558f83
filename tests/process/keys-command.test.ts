// Proves what `npm run keys` refuses before it looks at any stack, and its exit codes. A rotation is for the
// integration suite.
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const keys = (...args: string[]) =>
  execa(process.execPath, ["cli/keys.ts", ...args], { reject: false, stdin: "ignore" });

test("npm run keys prints its help", async () => {
  const { exitCode, stdout } = await keys();
  expect(stdout).toContain("Usage: npm run keys -- ");
  expect(stdout).toContain("rotate");
  expect(exitCode).toBe(0);
});

describe("wrong usage is refused with 2", () => {
  test.each([
    ["an unknown command", ["show"], "show"],
    ["no stack", ["rotate"], "required option '-s, --stack <stack>' not specified"],
    ["a stack without a file", ["rotate", "--stack", "persistant"], "Remedy: --stack persistent"],
    ["an unknown step", ["rotate", "--stack", "dev", "--until", "none"], "Allowed choices are accept, switch, retire"],
  ])("%s", async (_, args, text) => {
    const { exitCode, stdout, stderr } = await keys(...args);
    expect(stderr).toContain(text);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});
