// The outputs on their way from a program to the command that runs it, within one process. Does not prove: that Pulumi's
// language host hands the variable on, which every `npm start` of tests/integration/commands.test.ts needs.
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { withOutputs } from "../../cli/handed-over.ts";
import { handOver, outputsSocket } from "../../components/hand-over.ts";

afterEach(() => vi.unstubAllEnvs());

test("outputs come as they are and leave nothing behind", async () => {
  let folder = "";
  const { result, outputs } = await withOutputs(async (variables) => {
    const socket = String(variables[outputsSocket]);
    folder = dirname(socket);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    vi.stubEnv(outputsSocket, socket);
    await handOver({ url: "http://localhost", later: [1] });
    return 0;
  });
  expect(result).toBe(0);
  expect(outputs).toEqual({ url: "http://localhost", later: [1] });
  expect(existsSync(folder)).toBe(false);
});

test("a program that does not get that far hands over nothing", async () => {
  expect(await withOutputs(async () => 255)).toEqual({ result: 255, outputs: undefined });
});

test("what fails goes on failing, and leaves nothing behind", async () => {
  let folder = "";
  const up = async (variables: NodeJS.ProcessEnv): Promise<number> => {
    folder = dirname(String(variables[outputsSocket]));
    throw new Error("no CLI");
  };
  await expect(withOutputs(up)).rejects.toThrow("no CLI");
  expect(existsSync(folder)).toBe(false);
});

test("nobody who waits gets nothing", async () => {
  vi.stubEnv(outputsSocket, undefined);
  await expect(handOver({ url: "http://localhost" })).resolves.toBeUndefined();
});
