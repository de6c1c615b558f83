import { invoke } from "inngest";
import { z } from "zod";
import { chat } from "../ai/chat.ts";
import { ONE_GPU } from "../ai/gpu.ts";
import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";
import { claimSchema } from "../events.ts";
import { shorten } from "../log.ts";

/** Longest text that the model gets, in characters: most local models read no more than some 30,000 tokens. */
const TEXT_LIMIT = 100_000;

/** Summarises a claimed text with the model at `AI_BASE_URL`, alone on the GPU. */
export const summarizeText = inngest.createFunction(
  {
    id: "summarize-text",
    concurrency: [ONE_GPU],
    retries: 3,
    triggers: [invoke(z.object({ text: claimSchema }))],
  },
  async ({ event, step }) => {
    const summary = await step.run("summarize", async () => {
      const text = await (await claimStore()).read(event.data.text);
      const answer = await chat([
        { role: "system", content: "Summarize the text in at most five sentences, in the text's own language." },
        { role: "user", content: shorten(text.toString(), TEXT_LIMIT) },
      ]);
      return answer.content ?? "";
    });
    return { summary };
  },
);
