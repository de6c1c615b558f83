import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { webhookReceived } from "../events.ts";

/** Stores a webhook's body. A repeated delivery has the same event id, so within 24 hours it runs once. */
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
