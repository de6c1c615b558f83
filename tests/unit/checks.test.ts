// Proves how checks are run and reported, by verify and doctor alike, on a terminal, a narrow one and none. The
// terminal is a stand-in that keeps what is written: how a real one draws it is not proved.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Check, reasonOf, runChecks } from "../../cli/lib/checks/check.ts";
import { silent, terminalReport, withProgress, wrapped } from "../../cli/lib/checks/terminal.ts";
import { asStream, Kept } from "../support/kept-stream.ts";

type Status = "good" | "bad";
const formats = { good: "green", bad: "red" } as const;
const fine: Check<Status> = { id: "fine", run: async () => ({ status: "good", seen: "all is well" }) };
const wrong: Check<Status> = {
  id: "wrong",
  run: async () => ({ status: "bad", seen: "it is off", cause: "nobody turned it on", remedy: "turn it on" }),
};

/** Goes to the beginning of the line, and empties it. */
const erase = "\r\x1b[2K";

beforeEach(() => {
  vi.stubEnv("NO_COLOR", "1");
  vi.stubEnv("FORCE_COLOR", undefined);
});
afterEach(() => vi.useRealTimers());

test("a check that throws fails with what was thrown, and the next one runs", async () => {
  const throws: Check<Status> = {
    id: "throws",
    run: async () => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
    },
  };
  const results = await runChecks([throws, fine], "bad", silent);
  expect(results.map(({ id, status, seen }) => [id, status, seen])).toEqual([
    ["throws", "bad", "nothing listens there"],
    ["fine", "good", "all is well"],
  ]);
  expect(results.every(({ ms }) => ms >= 0)).toBe(true);
});

test("an error without a cause is given by its message", () => {
  expect(reasonOf(new Error("HTTP 401"))).toBe("HTTP 401");
  expect(reasonOf(Object.assign(new Error("x"), { name: "TimeoutError" }))).toBe("no answer in time");
});

test("a check without a terminal is one line, with cause and remedy below", async () => {
  const stream = new Kept();
  await runChecks([fine, wrong], "bad", terminalReport(formats, asStream(stream)));
  expect(stream.text).toBe(
    "good  fine           all is well\n" +
      "bad   wrong          it is off\n" +
      "      Likely cause: nobody turned it on\n" +
      "      Remedy: turn it on\n",
  );
});

test("a narrow terminal gets lines that fit, and NO_COLOR no colour", async () => {
  const stream = new Kept(44);
  const long: Check<Status> = { id: "long", run: async () => ({ status: "good", seen: "word ".repeat(20).trim() }) };
  await runChecks([long], "bad", terminalReport(formats, asStream(stream)));
  const lines = stream.text.replaceAll(erase, "").split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(44);
  expect(lines.join(" ").match(/word/g)).toHaveLength(20);
  expect(stream.text.replaceAll(erase, "")).not.toContain("\x1b");
});

test("a check that takes longer than a second shows on the terminal what it does", async () => {
  vi.useFakeTimers();
  const stream = new Kept(80);
  const slow: Check<Status> = {
    id: "slow",
    async run(tell) {
      tell("wait for it");
      await vi.advanceTimersByTimeAsync(2000);
      return { status: "good", seen: "done" };
    },
  };
  await runChecks([slow], "bad", terminalReport(formats, asStream(stream)));
  expect(stream.text).toContain("slow: wait for it (2 s)");
  expect(stream.text.split(erase).at(-1)).toBe("good  slow           done\n");
});

test("a check without a terminal reports each thing that it does once", async () => {
  const stream = new Kept();
  const slow: Check<Status> = {
    id: "slow",
    async run(tell) {
      tell("wait for it");
      return { status: "good", seen: "done" };
    },
  };
  await runChecks([slow], "bad", terminalReport(formats, asStream(stream)));
  expect(stream.text).toBe("      slow: wait for it\ngood  slow           done\n");
});

test("work that takes longer than a second is shown on a terminal until it is done, and not in a log", async () => {
  vi.useFakeTimers();
  const [terminal, log] = [new Kept(80), new Kept()];
  for (const stream of [terminal, log]) {
    const work = new Promise((resolve) => setTimeout(resolve, 2500, "done"));
    const told = withProgress("looking", work, asStream(stream));
    await vi.advanceTimersByTimeAsync(3000);
    expect(await told).toBe("done");
  }
  expect(terminal.text).toBe(`${erase}looking (1 s)${erase}looking (2 s)${erase}`);
  expect(log.text).toBe("");
});

test("colours do not count for the width of a line", () => {
  const green = (text: string) => `\x1b[32m${text}\x1b[39m`;
  const text = [green("runs"), "word", "word", "word", "word", "word", "word", "word"].join(" ");
  expect(wrapped(text, asStream(new Kept(50)), "".padEnd(11), 11)).toBe(text);
  expect(wrapped(`${text} more`, asStream(new Kept(50)), "  ", 11)).toBe(`${text}\n  more`);
});
