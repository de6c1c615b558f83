// Runs functions in the SDK's test engine. Proves the limits of results and errors; not the server's own limits.
import { Inngest } from "inngest";
import { expect, test } from "vitest";
import { maxResultBytes, StepLimits } from "../../middleware/step-limits.ts";
import { startRun } from "../support/engine.ts";

const client = new Inngest({ id: "limits", isDev: false, middleware: [StepLimits] });
const event = [{ name: "any", data: {} }];

function stepThat(run: () => unknown) {
  return client.createFunction({ id: "fn", triggers: [{ event: "any" }] }, async ({ step }) => {
    await step.run("big", run);
  });
}

test("step limits reject a step's result over 1 MB without a retry, and name the remedy", async () => {
  const { error } = await startRun(
    stepThat(() => "x".repeat(maxResultBytes)),
    event,
  ).attempt();
  expect(error).toMatchObject({ name: "NonRetriableError" });
  expect(error?.message).toMatch(/^Step "big" returned 1000002 bytes, .+ claim store/);
});

test("step limits accept a result of exactly 1 MB", async () => {
  const { error } = await startRun(
    stepThat(() => "x".repeat(maxResultBytes - 2)),
    event,
  ).attempt();
  expect(error).toBeUndefined();
});

test("step limits reject a function's result over 1 MB", async () => {
  const fn = client.createFunction({ id: "fn", triggers: [{ event: "any" }] }, async () => "x".repeat(maxResultBytes));
  expect((await startRun(fn, event).attempt()).error?.message).toMatch(/^Function "fn" returned/);
});

test("step limits shorten a huge error", async () => {
  const { error } = await startRun(
    stepThat(() => {
      throw new Error("y".repeat(5_000_000));
    }),
    event,
  ).attempt();
  expect(JSON.stringify(error).length).toBeLessThan(50_000);
  expect(error?.message).toMatch(/^y+… \(4990000 more characters\)$/);
});
