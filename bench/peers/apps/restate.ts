// The functions of bench/support/worker/serve.ts, on Restate.
import { createServer } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, createEndpointHandler, service } from "@restatedev/restate-sdk";
import { mark } from "./mark.ts";

interface Input {
  run: string;
  steps: number;
  milliseconds: number;
}

const bench = service({
  name: "bench",
  handlers: {
    one: async (context: Context, { run }: Input) => {
      await context.run("only", () => mark(run, "end"));
    },
    chain: async (context: Context, { run, steps }: Input) => {
      for (let number = 1; number <= steps; number++) {
        await context.run(`step-${number}`, () => mark(run, number === steps ? "end" : `${number}`));
      }
    },
    asleep: async (context: Context, { run, milliseconds }: Input) => {
      await context.run("first", () => mark(run, "begin"));
      await context.sleep(milliseconds);
      await context.run("last", () => mark(run, "end"));
    },
    midStep: async (context: Context, { run, milliseconds }: Input) => {
      await context.run("slow", async () => {
        mark(run, "begin");
        await sleep(milliseconds);
      });
      await context.run("last", () => mark(run, "end"));
    },
  },
});

createServer(createEndpointHandler({ services: [bench] })).listen(Number(process.env.PORT), "127.0.0.1");
