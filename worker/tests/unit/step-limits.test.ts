import { Inngest } from "inngest";
import { expect, test } from "vitest";
import { RESULT_LIMIT, StepLimits } from "../../middleware/step-limits.ts";
import { startRun } from "../support/engine.ts";

const client = new Inngest({ id: "limits", isDev: false, middleware: [StepLimits] });
const event = [{ name: "any", data: {} }];

function stepThat(run: () => unknown) {
  return client.createFunction({ id: "fn", triggers: [{ event: "any" }] }, async ({ step }) => {
    await step.run("big", run);
  });
}

test("refuses a step's result over a megabyte, for good, with the remedy", async () => {
  const { error } = await startRun(
    stepThat(() => "x".repeat(RESULT_LIMIT)),
    event,
  ).attempt();
  expect(error).toMatchObject({ name: "NonRetriableError" });
  expect(error?.message).toMatch(/^Step "big" returned 1000002 bytes, .+ claim store/);
});

test("lets a result of just that size pass", async () => {
  const { error } = await startRun(
    stepThat(() => "x".repeat(RESULT_LIMIT - 2)),
    event,
  ).attempt();
  expect(error).toBeUndefined();
});

test("refuses a function's result over a megabyte", async () => {
  const fn = client.createFunction({ id: "fn", triggers: [{ event: "any" }] }, async () => "x".repeat(RESULT_LIMIT));
  expect((await startRun(fn, event).attempt()).error?.message).toMatch(/^Function "fn" returned/);
});

test("cuts a huge error", async () => {
  const { error } = await startRun(
    stepThat(() => {
      throw new Error("y".repeat(5_000_000));
    }),
    event,
  ).attempt();
  expect(JSON.stringify(error).length).toBeLessThan(50_000);
  expect(error?.message).toMatch(/^y+… \(4990000 characters more\)$/);
});
