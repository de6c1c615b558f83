import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { webhookReceived } from "../events.ts";

/** Keeps what a webhook brought. A delivery that its sender repeats has the same event id, so it runs once in 24 hours. */
export const acceptWebhook = inngest.createFunction(
  { id: "accept-webhook", retries: 3, triggers: [webhookReceived] },
  async ({ event, step }) => {
    const { source, delivery, body } = event.data;
    const path = await step.run("store", async () => {
      const file = dataPath("webhooks", source, `${encodeURIComponent(delivery)}.json`);
      await writeAtomically(file, `${JSON.stringify(body)}\n`);
      return file;
    });
    return { path };
  },
);
