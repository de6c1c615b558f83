// Runs a function in the SDK's test engine. Proves what its own log lines contain; the other lines are tested in
// tests/integration/chain.test.ts.
import { Inngest } from "inngest";
import { expect, test, vi } from "vitest";
import { RunLog } from "../../middleware/run-log.ts";
import { startRun } from "../support/engine.ts";

const client = new Inngest({ id: "logs", isDev: false, middleware: [RunLog] });

test("the run log gives a function's own lines the run's id and omits objects", async () => {
  const lines = vi.spyOn(console, "log").mockImplementation(() => {});
  const fn = client.createFunction({ id: "fn", triggers: [{ event: "any" }] }, async ({ event, logger }) => {
    logger.info({ event, rows: 3 }, "imported");
  });
  await startRun(fn, [{ name: "any", data: { secret: "payload" } }]).attempt();
  const written = lines.mock.calls.map(([line]) => JSON.parse(line as string));
  lines.mockRestore();
  expect(written).toContainEqual(
    expect.objectContaining({
      level: "info",
      message: "imported",
      rows: 3,
      function: "fn",
      runId: expect.stringMatching(/^\w{26}$/),
    }),
  );
  expect(JSON.stringify(written)).not.toContain("payload");
});
