import { createServer } from "node:http";
import { Inngest } from "inngest";
import { serve } from "inngest/node";

const inngest = new Inngest({ id: "orders" });

const shipOrder = inngest.createFunction(
  { id: "ship-order", triggers: [{ event: "order/placed" }] },
  async ({ event, step }) => {
    const parcel = await step.run("pack", () => ({ order: event.data.order, packed: true }));
    return await step.run("ship", () => ({ ...parcel, shipped: true }));
  },
);

// The server has this address as `sdkUrl` and registers the functions when it starts.
createServer(serve({ client: inngest, functions: [shipOrder] })).listen(Number(process.env.PORT ?? 3111));
