import { text } from "node:stream/consumers";
import { startWeb, type Web } from "./web.ts";

/** What a scripted model does when asked: answer, call a tool, or fail. */
export type ModelAnswer = { text: string } | { tool: string; input?: unknown } | { status: number } | { raw: string };

interface Prompt {
  model: string;
  messages: { role: string; content: string }[];
}

interface Model extends Web {
  prompts: Prompt[];
  /** Start and end of each request, in milliseconds since 1970. */
  times: [start: number, end: number][];
}

/** An endpoint with OpenAI's chat completions that gives the answers in order and repeats the last one. */
export async function startModel(answers: ModelAnswer[], delayMs = 0): Promise<Model> {
  const prompts: Prompt[] = [];
  const times: Model["times"] = [];
  const web = await startWeb(async (request, response) => {
    const start = Date.now();
    prompts.push(JSON.parse(await text(request)) as Prompt);
    const answer = answers[Math.min(prompts.length, answers.length) - 1] ?? { status: 500 };
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    times.push([start, Date.now()]);
    if ("status" in answer) response.writeHead(answer.status).end("scripted failure");
    else if ("raw" in answer) response.end(answer.raw);
    else response.end(JSON.stringify({ choices: [{ message: messageFor(answer) }] }));
  });
  return { ...web, prompts, times };
}

function messageFor(answer: { text: string } | { tool: string; input?: unknown }) {
  if ("text" in answer) return { role: "assistant", content: answer.text };
  const call = { name: answer.tool, arguments: JSON.stringify(answer.input ?? {}) };
  return { role: "assistant", content: null, tool_calls: [{ id: "call", type: "function", function: call }] };
}
