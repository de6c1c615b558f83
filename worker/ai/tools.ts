import { readdir, readFile } from "node:fs/promises";
import { relative } from "node:path";
import { z } from "zod";
import { dataPath, resolveOutput } from "../documents/files.ts";
import { reasonOf } from "../errors.ts";
import { shorten } from "../log.ts";
import type { ToolCall, ToolDescription } from "./chat.ts";

/** Longest answer of a tool in characters: it is sent to the model again with every later turn. */
const maxAnswerLength = 20_000;

interface Tool {
  description: ToolDescription;
  /** @throws {Error} when the input does not match the tool's schema, or the tool fails */
  run(input: unknown): Promise<string>;
}

/** What the agent can do besides answering. Add your own tools here. */
const tools: Tool[] = [
  tool("list_outputs", "Lists the files in the outputs folder.", z.object({}), async () => {
    const entries = await readdir(dataPath("outputs"), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => relative(dataPath("outputs"), `${parentPath}/${name}`)).join("\n");
  }),
  tool("read_output", "Reads a file in the outputs folder.", z.object({ path: z.string() }), async ({ path }) => {
    if (path.startsWith("/")) throw new Error("path must be relative to the outputs folder");
    return readFile(resolveOutput(path), "utf8");
  }),
];

export const toolDescriptions: ToolDescription[] = tools.map(({ description }) => description);

/** Runs the tool that the model has called. A failure is an answer too: the model may try something else. */
export async function runTool(call: ToolCall): Promise<string> {
  const { name, arguments: input } = call.function;
  const called = tools.find(({ description }) => description.name === name);
  if (!called) return `There is no tool "${name}".`;
  try {
    return shorten(await called.run(JSON.parse(input || "{}")), maxAnswerLength);
  } catch (error) {
    return shorten(`Failed: ${reasonOf(error)}`, maxAnswerLength);
  }
}

function tool<T>(name: string, description: string, schema: z.ZodType<T>, run: (input: T) => Promise<string>): Tool {
  return {
    description: { name, description, parameters: z.toJSONSchema(schema) },
    run: async (input) => run(schema.parse(input)),
  };
}
