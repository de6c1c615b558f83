import express from "express";
import { serve } from "inngest/express";
import { inngest } from "../../worker/client.ts";
import { functions } from "../../worker/functions/index.ts";

const app = express();

app.get("/", (_request, response) => {
  response.send("Your own Express app.");
});

// Every request contains the run's state, up to 4 MB. Express accepts 100 kB by default.
app.use("/api/inngest", express.json({ limit: "5mb" }));
app.use("/api/inngest", serve({ client: inngest, functions, enableUnauthedSync: false }));

app.listen(Number(process.env.PORT || 3111), "127.0.0.1");
