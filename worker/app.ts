import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { serve } from "inngest/hono";
import { inngest } from "./client.ts";
import { functions } from "./functions/index.ts";
import { answerAudit } from "./http/audit.ts";
import { healthz } from "./http/healthz.ts";
import { maxWebhookBytes, receiveWebhook } from "./http/webhooks.ts";
import { log } from "./log.ts";
import { servePath } from "./server/registration.ts";
import type { Transport } from "./transport/transport.ts";

/** The worker's HTTP routes. Requests to `/api/inngest` must be signed with the signing key. */
export function createApp(transport: Transport): Hono {
  const app = new Hono();
  app.get("/", (c) => c.json({ status: "running", app: inngest.id, functions: functions.map((fn) => fn.id()) }));
  app.get("/healthz", (c) => healthz(c, transport));
  app.get("/audit", (c) => answerAudit(c, functions));
  const refuseLargeBody = bodyLimit({
    maxSize: maxWebhookBytes,
    onError: (c) => c.json({ error: `The body is larger than ${maxWebhookBytes} bytes.` }, 413),
  });
  app.post("/webhooks/:source", refuseLargeBody, receiveWebhook);
  if (transport.name === "serve") {
    const handler = serve({ client: inngest, functions, servePath, enableUnauthedSync: false });
    app.on(["GET", "POST", "PUT"], servePath, handler);
  }
  app.onError((error, c) => {
    log("error", "request failed", { method: c.req.method, path: c.req.path, error: error.message });
    return c.json({ error: "The worker failed to answer; see its log." }, 500);
  });
  return app;
}
