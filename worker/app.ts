import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { serve } from "inngest/hono";
import { inngest } from "./client.ts";
import { functions } from "./functions/index.ts";
import { answerAudit } from "./http/audit.ts";
import { healthz } from "./http/healthz.ts";
import { receiveWebhook, WEBHOOK_LIMIT } from "./http/webhooks.ts";
import { log } from "./log.ts";
import { servePath } from "./server/registration.ts";
import type { Transport } from "./transport/index.ts";

/** The worker's HTTP edge. Everything under `/api/inngest` must carry a signature made with the signing key. */
export function createApp(transport: Transport): Hono {
  const app = new Hono();
  app.get("/", (c) => c.json({ status: "running", app: inngest.id, functions: functions.map((fn) => fn.id()) }));
  app.get("/healthz", (c) => healthz(c, transport));
  app.get("/audit", (c) => answerAudit(c, functions));
  const tooLarge = bodyLimit({
    maxSize: WEBHOOK_LIMIT,
    onError: (c) => c.json({ error: `The body is larger than ${WEBHOOK_LIMIT} bytes.` }, 413),
  });
  app.post("/webhooks/:source", tooLarge, receiveWebhook);
  if (transport.name === "serve") {
    const handler = serve({ client: inngest, functions, servePath, enableUnauthedSync: false });
    app.on(["GET", "POST", "PUT"], servePath, handler);
  }
  app.onError((error, c) => {
    log("error", "request failed", { method: c.req.method, path: c.req.path, error: error.message });
    return c.json({ error: "The worker could not answer; its log says why." }, 500);
  });
  return app;
}
