import { inngest } from "../client.ts";
import {
  agentAnswered,
  driftDetected,
  driftHealed,
  healthDegraded,
  mediaTranscribed,
  taskCompleted,
} from "../events.ts";
import { appendToGateway } from "../redis/gateway.ts";

/** Appends the events that are meant for an agent to the Redis stream `inngest:gateway`; served only when there is Redis. */
export const relayGateway = inngest.createFunction(
  {
    id: "relay-gateway",
    retries: 10,
    triggers: [taskCompleted, mediaTranscribed, agentAnswered, driftDetected, driftHealed, healthDegraded],
  },
  async ({ event, step }) => {
    const { id = "", name, ts = Date.now(), data } = event;
    const entry = await step.run("append", () => appendToGateway({ id, name, ts, data }));
    return { entry };
  },
);
