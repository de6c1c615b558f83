import { NonRetriableError } from "inngest";
import { chat, type Message } from "../ai/chat.ts";
import { oneGpu } from "../ai/gpu.ts";
import { runTool, toolDescriptions } from "../ai/tools.ts";
import { inngest } from "../client.ts";
import { agentAnswered, agentAsked, agentCancelled } from "../events.ts";

const defaultMaxTurns = 8;
const instructions = "Answer the question. Use the tools when they help; say so when you cannot know the answer.";

/**
 * An agent whose turns are steps: after a crash it repeats the turn that was lost, and no earlier turn is paid for twice.
 *
 * Checkpointing is off so that every turn returns to the server, which is where a cancellation takes effect.
 */
export const runAgent = inngest.createFunction(
  {
    id: "run-agent",
    checkpointing: false,
    concurrency: [oneGpu],
    retries: 3,
    cancelOn: [{ event: agentCancelled, if: "async.data.conversation == event.data.conversation" }],
    triggers: [agentAsked],
  },
  async ({ event, step }) => {
    const { conversation, question, maxTurns = defaultMaxTurns } = event.data;
    const messages: Message[] = [
      { role: "system", content: instructions },
      { role: "user", content: question },
    ];
    for (let turns = 1; turns <= maxTurns; turns++) {
      // The SDK's type for a result as JSON drops a key named "function", which JSON itself keeps.
      const added = (await step.run(`turn ${turns}`, () => takeTurn(messages))) as Message[];
      messages.push(...added);
      const answer = answerOf(added);
      if (answer === undefined) continue;
      await step.sendEvent("answer", agentAnswered.create({ conversation, answer, turns }));
      return { answer, turns };
    }
    throw new NonRetriableError(
      `The agent had no answer within ${maxTurns} turns: simplify the question, or raise maxTurns.`,
    );
  },
);

/** Asks the model once and runs the tools that it calls; returns the messages that this adds to the conversation. */
async function takeTurn(messages: Message[]): Promise<Message[]> {
  const reply = await chat(messages, toolDescriptions);
  const added: Message[] = [reply];
  for (const call of reply.tool_calls ?? []) {
    added.push({ role: "tool", tool_call_id: call.id, content: await runTool(call) });
  }
  return added;
}

function answerOf([reply, ...toolAnswers]: Message[]): string | undefined {
  return toolAnswers.length === 0 ? (reply?.content ?? "") : undefined;
}
