// Proves which screens a recording has and that its SVG draws each. Does not prove how a browser plays it.
import { expect, test } from "vitest";
import { framesOf } from "../../tools/recording/frames.ts";
import { animatedSvg } from "../../tools/recording/svg.ts";

const size = { cols: 20, rows: 3 };
const texts = (frames: Awaited<ReturnType<typeof framesOf>>) =>
  frames.map(({ rows }) => rows.map((spans) => spans.map(({ text }) => text).join("|")));

test("a frame is what the terminal shows, not what was printed", async () => {
  const frames = await framesOf(
    [
      { delay: 0, text: "50 %" },
      { delay: 1, text: "\r\u001b[32mdone\u001b[0m now\r\n" },
    ],
    size,
  );
  expect(texts(frames)).toEqual([
    ["50 %", "", ""],
    ["done| now", "", ""],
  ]);
  expect(frames[1]?.rows[0]?.[0]).toEqual({ column: 0, text: "done", color: 2, bold: false, dim: false });
});

test("outputs that follow one another at once are one frame", async () => {
  const frames = await framesOf(
    [
      { delay: 0, text: "a" },
      { delay: 0.01, text: "b" },
      { delay: 2, text: "c" },
    ],
    size,
  );
  expect(texts(frames).map(([first]) => first)).toEqual(["ab", "abc"]);
  expect(frames.at(-1)?.at).toBeCloseTo(2.01);
});

test("the SVG has a row once, however many frames show it, and its text is escaped", async () => {
  const outputs = ["<a & b>\r\n", "one\r\n", "two"].map((text) => ({ delay: 1, text }));
  const svg = animatedSvg("a & b", await framesOf(outputs, size), size);
  expect(svg.match(/&lt;a\u00a0&amp;\u00a0b&gt;/g)).toHaveLength(1);
  expect(svg.match(/href="#r0"/g)).toHaveLength(3);
  expect(svg.match(/translateY\(-\d+px\)/g)?.length).toBeGreaterThan(3);
});
