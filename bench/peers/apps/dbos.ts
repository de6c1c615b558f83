// The functions of bench/support/worker/serve.ts, on DBOS.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { mark } from "./mark.ts";

interface Input {
  run: string;
  steps: number;
  milliseconds: number;
}

const step = (name: string, action: () => void | Promise<void>) => DBOS.runStep(async () => await action(), { name });

const workflows = {
  one: async ({ run }: Input) => {
    await step("only", () => mark(run, "end"));
  },
  chain: async ({ run, steps }: Input) => {
    for (let number = 1; number <= steps; number++) {
      await step(`step-${number}`, () => mark(run, number === steps ? "end" : `${number}`));
    }
  },
  asleep: async ({ run, milliseconds }: Input) => {
    await step("first", () => mark(run, "begin"));
    await DBOS.sleep(milliseconds);
    await step("last", () => mark(run, "end"));
  },
  "mid-step": async ({ run, milliseconds }: Input) => {
    await step("slow", async () => {
      mark(run, "begin");
      await sleep(milliseconds);
    });
    await step("last", () => mark(run, "end"));
  },
};
const registered = Object.fromEntries(
  Object.entries(workflows).map(([name, body]) => [name, DBOS.registerWorkflow(body, { name })]),
);

DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: process.env.DATABASE_URL as string,
  logLevel: "error",
  runAdminServer: false,
});
await DBOS.launch();
createServer(async (request, response) => {
  const workflow = registered[(request.url ?? "").slice(1)];
  if (workflow) await DBOS.startWorkflow(workflow)(JSON.parse(await text(request)) as Input);
  response.writeHead(workflow ? 202 : 200).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
