import { rm } from "node:fs/promises";
import { invoke } from "inngest";
import { z } from "zod";
import { oneGpu } from "../ai/gpu.ts";
import { transcribe } from "../ai/transcribe.ts";
import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { claimSchema } from "../events.ts";

/** Transcribes the recording of a claim with `TRANSCRIBE_COMMAND`, alone on the GPU; returns the transcript's claim. */
export const transcribeAudio = inngest.createFunction(
  {
    id: "transcribe-audio",
    concurrency: [oneGpu],
    retries: 3,
    triggers: [invoke(z.object({ recording: claimSchema }))],
  },
  async ({ event, step, runId }) => {
    return step.run("transcribe", async () => {
      const store = await claimStore();
      const file = dataPath("downloads", runId);
      try {
        await writeAtomically(file, store.open(event.data.recording));
        return await store.put(`${runId}.transcript`, transcribe(file));
      } finally {
        await rm(file, { force: true });
      }
    });
  },
);
