import { serve as listen } from "@hono/node-server";
import { Hono } from "hono";
import { serve } from "inngest/hono";
import { inngest } from "../../worker/client.ts";
import { functions } from "../../worker/functions/index.ts";

const app = new Hono();

app.get("/", (c) => c.text("Your own Hono app."));
app.on(["GET", "POST", "PUT"], "/api/inngest", serve({ client: inngest, functions, enableUnauthedSync: false }));

listen({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT || 3111) });
