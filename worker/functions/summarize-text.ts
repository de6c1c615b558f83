import { invoke } from "inngest";
import { z } from "zod";
import { chat } from "../ai/chat.ts";
import { oneGpu } from "../ai/gpu.ts";
import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";
import { claimSchema } from "../events.ts";
import { shorten } from "../log.ts";

/** Longest text that is sent to the model, in characters: most local models read about 30,000 tokens at most. */
const maxTextLength = 100_000;

/** Summarizes the text of a claim with the model at `AI_BASE_URL`, alone on the GPU. */
export const summarizeText = inngest.createFunction(
  {
    id: "summarize-text",
    concurrency: [oneGpu],
    retries: 3,
    triggers: [invoke(z.object({ text: claimSchema }))],
  },
  async ({ event, step }) => {
    const summary = await step.run("summarize", async () => {
      const text = await (await claimStore()).read(event.data.text);
      const answer = await chat([
        { role: "system", content: "Summarize the text in at most five sentences, in the text's own language." },
        { role: "user", content: shorten(text.toString(), maxTextLength) },
      ]);
      return answer.content ?? "";
    });
    return { summary };
  },
);
