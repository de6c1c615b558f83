// Proves which events `npm run send` refuses before it sends any. Sending and following runs is for the integration suites.
import { describe, expect, test } from "vitest";
import { UsageProblem } from "../../cli/lib/command.ts";
import { checkEvent, parseData } from "../../cli/send/events.ts";

describe("an event to send", () => {
  const schema = {
    "~standard": {
      validate: (value: unknown) =>
        (value as { url?: string }).url ? {} : { issues: [{ message: "must be there", path: ["url"] }] },
    },
  };
  const events = [{ name: "task/process", schema }, { name: "audit/requested" }];

  test("is accepted as declared", async () => {
    await checkEvent(events, { name: "task/process", data: { url: "x" } }, "worker");
    await checkEvent(events, { name: "audit/requested", data: {} }, "worker");
  });

  test.each([
    [
      { name: "task/proces", data: {} },
      'EVENT must be one that worker/events.ts declares, got "task/proces"',
      "task/process, or declare it there (declared: audit/requested, task/process)",
    ],
    [
      { name: "task/process", data: {} },
      "the data of task/process does not match worker/events.ts:\n  - data.url: must be there",
      undefined,
    ],
  ])("%j is refused", async (event, what, remedy) => {
    await expect(checkEvent(events, event, "worker")).rejects.toThrow(new UsageProblem(what, remedy));
  });

  test("needs an object for its data", () => {
    expect(parseData('{"a": 1}')).toEqual({ a: 1 });
    expect(() => parseData("[1]")).toThrow(
      new UsageProblem("JSON must be an object, got [1]", '\'{"key": "value"}\', in quotes'),
    );
    expect(() => parseData("{a: 1}")).toThrow(/^JSON must be valid: .+ Remedy: '\{"key": "value"\}', in quotes$/);
  });
});
