import { NonRetriableError, RetryAfterError } from "inngest";
import { z } from "zod";
import { settings } from "../environment.ts";
import { firstIssueOf } from "../errors.ts";
import { shorten } from "../log.ts";

/** How long a model may take for one answer. */
const timeoutMs = 10 * 60_000;

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

const answerSchema = z.object({ choices: z.tuple([z.object({ message: assistantSchema })], z.unknown()) });

export type AssistantMessage = z.infer<typeof assistantSchema>;
export type ToolCall = z.infer<typeof toolCallSchema>;

export type Message =
  | { role: "system" | "user"; content: string }
  | { role: "tool"; tool_call_id: string; content: string }
  | AssistantMessage;

/** A tool as described to the model; `parameters` is a JSON Schema. */
export interface ToolDescription {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

/**
 * Asks the model at `AI_BASE_URL` for the next message.
 *
 * @throws {NonRetriableError} when `AI_BASE_URL` is not set, or for an answer that would be the same again (4xx, wrong shape)
 * @throws {RetryAfterError} for 429 with `retry-after`
 */
export async function chat(messages: Message[], tools: ToolDescription[] = []): Promise<AssistantMessage> {
  const { ai } = settings();
  if (!ai) {
    throw new NonRetriableError(
      "AI_BASE_URL is not set: set it, with AI_MODEL, to an endpoint with OpenAI's chat completions, like http://127.0.0.1:11434/v1.",
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
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw await failureOf(response);
  const answer = answerSchema.safeParse(await response.json());
  if (answer.success) return answer.data.choices[0].message;
  throw new NonRetriableError(
    `The model's answer is not a chat completion (${firstIssueOf(answer.error)}): check AI_BASE_URL, which includes the /v1.`,
  );
}

async function failureOf(response: Response): Promise<Error> {
  const text = shorten(await response.text(), 500);
  const message = `The model's server answered ${response.status}: ${text}`;
  const seconds = Number(response.headers.get("retry-after"));
  if (response.status === 429 && seconds > 0) return new RetryAfterError(message, seconds * 1000);
  const isRetriable = response.status >= 500 || [408, 409, 425, 429].includes(response.status);
  return isRetriable ? new Error(message) : new NonRetriableError(message);
}
