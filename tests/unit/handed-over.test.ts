// Outputs on their way from a program to the command that runs it, within one process. Does not prove: that Pulumi's
// language host hands the variable on, which every `npm start` of tests/integration/commands.test.ts needs.
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { withOutputs } from "../../cli/start/handed-over.ts";
import { handOver, outputsSocket } from "../../components/hand-over.ts";

afterEach(() => vi.unstubAllEnvs());

const nothing = async () => {};

test("outputs are used as they come, while up goes on, and leave nothing behind", async () => {
  let folder = "";
  const seen: unknown[] = [];
  const { result, used } = await withOutputs(
    async (variables) => {
      const socket = String(variables[outputsSocket]);
      folder = dirname(socket);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      vi.stubEnv(outputsSocket, socket);
      await handOver({ url: "http://localhost", later: [1] });
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      return 0;
    },
    async (outputs) => {
      seen.push(outputs);
      // Longer than `up`.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return "used";
    },
  );
  expect(result).toBe(0);
  expect(used).toEqual({ status: "fulfilled", value: "used" });
  expect(seen).toEqual([{ url: "http://localhost", later: [1] }]);
  expect(existsSync(folder)).toBe(false);
});

test("what fails with them is told beside the end of up", async () => {
  const refused = new Error("refused");
  const { result, used } = await withOutputs(
    async (variables) => {
      vi.stubEnv(outputsSocket, variables[outputsSocket]);
      await handOver({});
      await new Promise((resolve) => setTimeout(resolve, 100));
      return 255;
    },
    () => Promise.reject(refused),
  );
  expect(result).toBe(255);
  expect(used).toEqual({ status: "rejected", reason: refused });
});

test("a program that does not get that far hands over nothing", async () => {
  expect(await withOutputs(async () => 255, nothing)).toEqual({ result: 255, used: undefined });
});

test("what fails goes on failing, and leaves nothing behind", async () => {
  let folder = "";
  const up = async (variables: NodeJS.ProcessEnv): Promise<number> => {
    folder = dirname(String(variables[outputsSocket]));
    throw new Error("no CLI");
  };
  await expect(withOutputs(up, nothing)).rejects.toThrow("no CLI");
  expect(existsSync(folder)).toBe(false);
});

test("nobody who waits gets nothing", async () => {
  vi.stubEnv(outputsSocket, undefined);
  await expect(handOver({ url: "http://localhost" })).resolves.toBeUndefined();
});
