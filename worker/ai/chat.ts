import { NonRetriableError, RetryAfterError } from "inngest";
import { z } from "zod";
import { settings } from "../environment.ts";
import { shorten } from "../log.ts";

/** How long a model may take for one answer, in milliseconds. */
const TIMEOUT = 10 * 60_000;

const toolCallSchema = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const assistantSchema = z.object({
  role: z.literal("assistant"),
  content: z.string().nullish(),
  tool_calls: z.array(toolCallSchema).nullish(),
});

const answerSchema = z.object({ choices: z.array(z.object({ message: assistantSchema })).min(1) });

export type AssistantMessage = z.infer<typeof assistantSchema>;
export type ToolCall = z.infer<typeof toolCallSchema>;

export type Message =
  | { role: "system" | "user"; content: string }
  | { role: "tool"; tool_call_id: string; content: string }
  | AssistantMessage;

/** A tool as the model is told of it; `parameters` is a JSON Schema. */
export interface ToolDescription {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

/**
 * Asks the model at `AI_BASE_URL` for the next message.
 *
 * @throws NonRetriableError when `AI_BASE_URL` is not set, or for an answer that would come again (4xx, another shape)
 * @throws RetryAfterError for 429 with a time
 */
export async function chat(messages: Message[], tools: ToolDescription[] = []): Promise<AssistantMessage> {
  const { ai } = settings();
  if (!ai) {
    throw new NonRetriableError(
      "AI_BASE_URL is not set: set it, with AI_MODEL, to an endpoint that speaks OpenAI's chat completions, like http://127.0.0.1:11434/v1.",
    );
  }
  const response = await fetch(`${ai.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(ai.apiKey && { authorization: `Bearer ${ai.apiKey}` }) },
    body: JSON.stringify({
      model: ai.model,
      messages,
      ...(tools.length > 0 && { tools: tools.map((tool) => ({ type: "function", function: tool })) }),
    }),
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) throw await failure(response);
  const answer = answerSchema.safeParse(await response.json());
  const message = answer.data?.choices[0]?.message;
  if (message) return message;
  const issue = answer.error?.issues[0];
  throw new NonRetriableError(
    `The model's answer is no chat completion (${issue?.path.join(".")}: ${issue?.message}): is AI_BASE_URL right, with its /v1?`,
  );
}

async function failure(response: Response): Promise<Error> {
  const text = shorten(await response.text(), 500);
  const message = `The model's server answered ${response.status}: ${text}`;
  const seconds = Number(response.headers.get("retry-after"));
  if (response.status === 429 && seconds > 0) return new RetryAfterError(message, seconds * 1000);
  const again = response.status >= 500 || [408, 409, 425, 429].includes(response.status);
  return again ? new Error(message) : new NonRetriableError(message);
}
