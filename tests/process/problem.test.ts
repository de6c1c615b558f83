// Proves how a problem reads, and what a script prints of it, in processes of its own. Does not prove the texts that the
// project puts into problems.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { Problem } from "../../lib/problem.ts";

describe("a problem", () => {
  test("has its remedy in its message", () => {
    const problem = new Problem("port 8288 is taken", "choose another port");
    expect(problem).toMatchObject({ what: "port 8288 is taken", remedy: "choose another port" });
    expect(problem.message).toBe("port 8288 is taken. Remedy: choose another port");
  });

  test("without a remedy says what is wrong alone", () => {
    const problem = new Problem("port 8288 is taken");
    expect(problem).toMatchObject({ what: "port 8288 is taken", remedy: undefined, message: "port 8288 is taken" });
  });
});

describe("a script", () => {
  const script = (main: string, stdin = "") => {
    const source = `import { Problem, readStdin, runScript } from "./lib/problem.ts"; await runScript(async () => { ${main} });`;
    const running = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source]);
    running.child.stdin?.end(stdin);
    return running.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  };

  test("reads JSON from its standard input, in however many pieces it comes", async () => {
    const text = "é".repeat(200_000);
    const main = "const { text } = await readStdin(); console.log(text.length);";
    expect(await script(main, JSON.stringify({ text }))).toEqual({ code: 0, stdout: "200000\n", stderr: "" });
  });

  test("that meets a problem prints its message alone and exits with 1", async () => {
    expect(await script('throw new Problem("nothing works", "sleep");')).toEqual({
      code: 1,
      stdout: "",
      stderr: "nothing works. Remedy: sleep\n",
    });
  });

  test("that meets another error prints its stack and exits with 1", async () => {
    const { code, stderr } = await script('throw new TypeError("a bug");');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^TypeError: a bug\n {4}at /);
  });
});
