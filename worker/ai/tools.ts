import { readdir, readFile } from "node:fs/promises";
import { relative } from "node:path";
import { z } from "zod";
import { dataPath, resolveOutput } from "../documents/files.ts";
import { shorten } from "../log.ts";
import type { ToolCall, ToolDescription } from "./chat.ts";

/** Longest answer of a tool, in characters: it is sent to the model again with every later turn. */
const ANSWER_LIMIT = 20_000;

interface Tool {
  description: ToolDescription;
  /** Gets what the model gave, parsed. @throws Error when that does not fit; the model is told so */
  run(given: unknown): Promise<string>;
}

/** What the agent may do besides answering: look at what `process-task` has written. Add tools of your own here. */
const TOOLS: Tool[] = [
  tool("list_outputs", "Lists the files in the outputs folder.", z.object({}), async () => {
    const entries = await readdir(dataPath("outputs"), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => relative(dataPath("outputs"), `${parentPath}/${name}`)).join("\n");
  }),
  tool("read_output", "Reads a file of the outputs folder.", z.object({ path: z.string() }), async ({ path }) => {
    if (path.startsWith("/")) throw new Error("path must be relative to the outputs folder");
    return readFile(resolveOutput(path), "utf8");
  }),
];

export const toolDescriptions: ToolDescription[] = TOOLS.map(({ description }) => description);

/** Does what the model asks for. A failure is an answer too: the model may try another way. */
export async function runTool(call: ToolCall): Promise<string> {
  const { name, arguments: given } = call.function;
  const chosen = TOOLS.find((each) => each.description.name === name);
  if (!chosen) return `There is no tool "${name}".`;
  try {
    return shorten(await chosen.run(JSON.parse(given || "{}")), ANSWER_LIMIT);
  } catch (error) {
    return shorten(`Failed: ${error instanceof Error ? error.message : String(error)}`, ANSWER_LIMIT);
  }
}

function tool<T>(name: string, description: string, input: z.ZodType<T>, run: (given: T) => Promise<string>): Tool {
  return {
    description: { name, description, parameters: z.toJSONSchema(input) },
    run: async (given) => run(input.parse(given)),
  };
}
