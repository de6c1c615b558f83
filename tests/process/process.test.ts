// Proves what lib/process.ts makes of commands that succeed, fail, hang or are missing. Does not prove what the tools say
// that it runs: docker's and kubectl's prefixes are made up here.
import { expect, test } from "vitest";
import { CommandFailed, run } from "../../lib/process.ts";

const node = (script: string, options = {}) => run(process.execPath, ["--eval", script], options);
const failure = (running: Promise<string>) =>
  running.then(
    () => expect.unreachable(),
    (error: CommandFailed) => error,
  );

test("a command's output comes without white space at its ends", async () => {
  expect(await node("console.log('  a\\nb\\n\\n')")).toBe("a\nb");
});

test("variables are added to those of this process", async () => {
  const script = "console.log(process.env.PATH.length > 0, process.env.ADDED)";
  expect(await node(script, { env: { ADDED: "yes" } })).toBe("true yes");
});

test("a command runs in the given folder", async () => {
  expect(await node("console.log(process.cwd())", { cwd: "/" })).toBe("/");
});

test("a failed command rejects with its exit code, its output, and its last line as the reason", async () => {
  const error = await failure(
    node("console.log('done so far'); console.error('warning: old\\nfirst\\nlast'); process.exitCode = 3"),
  );
  expect(error).toBeInstanceOf(CommandFailed);
  expect(error).toMatchObject({ code: 3, reason: "last", message: "node: last" });
  expect([error.stdout, error.stderr]).toEqual(["done so far\n", "warning: old\nfirst\nlast\n"]);
});

test.each([
  "error: no such thing",
  "Error: no such thing",
  "Error response from daemon: no such thing",
  "Unable to connect to the server: no such thing",
])("the reason in %j has no prefix", async (line) => {
  const error = await failure(node(`console.error(${JSON.stringify(line)}); process.exitCode = 1`));
  expect(error.reason).toBe("no such thing");
});

test("a program that is missing rejects with the system's code", async () => {
  const error = await failure(run("/no/such/program", []));
  expect(error).toMatchObject({ code: "ENOENT", stdout: "" });
  expect(error.message).toBe("program: spawn /no/such/program ENOENT");
});

test("a command that takes too long is killed", async () => {
  const error = await failure(node("setTimeout(() => {}, 60_000)", { timeout: 200 }));
  expect(error).toBeInstanceOf(CommandFailed);
  expect(error.code).toBeNull();
});
