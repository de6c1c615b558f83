// The worker of the benchmarks. Every step appends a line `RUN STEP MILLISECONDS` to the file `marks` in DATA_DIR.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { serve as listen } from "@hono/node-server";
import { Hono } from "hono";
import { eventType, Inngest, staticSchema } from "inngest";
import { connect } from "inngest/connect";
import { serve } from "inngest/hono";

const bufferedSteps = Number(process.env.CHECKPOINT_STEPS ?? 1);
const inngest = new Inngest({ id: "bench", isDev: false, checkpointing: { bufferedSteps } });
const now = () => (performance.timeOrigin + performance.now()).toFixed(2);
const mark = (run: string, step: string) =>
  appendFileSync(`${process.env.DATA_DIR}/marks`, `${run} ${step} ${now()}\n`, { mode: 0o600 });

const one = eventType("bench/one", { schema: staticSchema<{ run: string }>() });
const chain = eventType("bench/chain", { schema: staticSchema<{ run: string; steps: number }>() });
const asleep = eventType("bench/asleep", { schema: staticSchema<{ run: string; milliseconds: number }>() });
const midStep = eventType("bench/mid-step", { schema: staticSchema<{ run: string; milliseconds: number }>() });

const functions = [
  inngest.createFunction({ id: "one", triggers: [one] }, async ({ event, step }) => {
    await step.run("only", () => mark(event.data.run, "end"));
  }),
  inngest.createFunction({ id: "chain", triggers: [chain] }, async ({ event, step }) => {
    const { run, steps } = event.data;
    for (let number = 1; number <= steps; number++) {
      await step.run(`step-${number}`, () => mark(run, number === steps ? "end" : `${number}`));
    }
  }),
  inngest.createFunction({ id: "asleep", triggers: [asleep] }, async ({ event, step }) => {
    await step.run("first", () => mark(event.data.run, "begin"));
    await step.sleep("nap", event.data.milliseconds);
    await step.run("last", () => mark(event.data.run, "end"));
  }),
  inngest.createFunction({ id: "mid-step", triggers: [midStep] }, async ({ event, step }) => {
    await step.run("slow", async () => {
      mark(event.data.run, "begin");
      await sleep(event.data.milliseconds);
    });
    await step.run("last", () => mark(event.data.run, "end"));
  }),
];

if (process.env.TRANSPORT === "connect") {
  await connect({ apps: [{ client: inngest, functions }], instanceId: `bench-${process.pid}` });
} else {
  const app = new Hono();
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.on(["GET", "POST", "PUT"], "/api/inngest", serve({ client: inngest, functions }));
  const serverOptions = { keepAliveTimeout: 120_000 };
  for (const hostname of (process.env.HOST ?? "127.0.0.1").split(",")) {
    listen({ fetch: app.fetch, port: Number(process.env.PORT), hostname, serverOptions });
  }
}
