import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";
import { download } from "../documents/download.ts";
import { mediaTranscribe, mediaTranscribed } from "../events.ts";
import { summarizeText } from "./summarize-text.ts";
import { transcribeAudio } from "./transcribe-audio.ts";

/**
 * Downloads, transcribes and summarizes a recording. The two stages that need the GPU are separate functions, so that one
 * recording can be downloaded while another is transcribed.
 */
export const transcribeMedia = inngest.createFunction(
  { id: "transcribe-media", retries: 3, triggers: [mediaTranscribe] },
  async ({ event, step, runId }) => {
    const { url } = event.data;
    const recording = await step.run("download", async () => {
      const store = await claimStore();
      return store.put(`${runId}.recording`, await download(url));
    });
    const transcript = await step.invoke("transcribe", { function: transcribeAudio, data: { recording } });
    const { summary } = await step.invoke("summarize", { function: summarizeText, data: { text: transcript } });
    await step.sendEvent("announce", mediaTranscribed.create({ url, transcript, summary }));
    await step.run("clean up", async () => (await claimStore()).remove(recording));
    return { transcript, summary };
  },
);
