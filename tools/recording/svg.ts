import type { Frame, Span } from "./frames.ts";

const cell = { width: 8.4, height: 18 };
const margin = 16;
const background = "#16181d";
const foreground = "#d7dae0";
/** Colours 0 to 15 of a terminal. */
const palette = [
  ...["#3f4451", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"],
  ...["#7f848e", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff"],
];
/** Seconds for which the last screen stays before the picture begins again. */
const rest = 6;

/** An SVG that plays the frames in a loop, without scripts: GitHub shows it in a page. `title` is for those who hear it. */
export function animatedSvg(title: string, frames: readonly Frame[], size: { cols: number; rows: number }): string {
  const width = Math.ceil(size.cols * cell.width + 2 * margin);
  const height = size.rows * cell.height + 2 * margin;
  const seconds = (frames.at(-1)?.at ?? 0) + rest;
  const steps = frames.map(({ at }, index) => {
    const percent = index === 0 ? 0 : (100 * at) / seconds;
    return `${percent.toFixed(3)}%{transform:translateY(-${index * height}px)}`;
  });
  const last = `transform:translateY(-${(frames.length - 1) * height}px)`;
  // A row that stands in several frames is in the file once.
  const ids = new Map<string, number>();
  const screens = frames.map(({ rows }, index) => {
    const uses = rows.flatMap((spans, row) => {
      if (spans.length === 0) return [];
      const drawn = spans.map(drawSpan).join("");
      const id = ids.get(drawn) ?? ids.size;
      ids.set(drawn, id);
      return [`<use href="#r${id}" y="${index * height + (row + 1) * cell.height - 4}"/>`];
    });
    return uses.join("");
  });
  const rows = [...ids].map(([drawn, id]) => `<text id="r${id}">${drawn}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    "<style>",
    `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:${foreground};white-space:pre}`,
    `.b{font-weight:bold}.d{opacity:.6}.film{animation:play ${seconds.toFixed(2)}s steps(1,end) infinite}`,
    `@keyframes play{${steps.join("")}100%{${last}}}`,
    `@media(prefers-reduced-motion:reduce){.film{animation:none;${last}}}`,
    "</style>",
    `<defs>${rows.join("")}</defs>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<svg x="${margin}" y="${margin}" width="${width - 2 * margin}" height="${height - 2 * margin}">`,
    `<g class="film">${screens.join("")}</g>`,
    "</svg>",
    "</svg>",
    "",
  ].join("\n");
}

function drawSpan({ column, text, color, bold, dim }: Span): string {
  const classes = [bold && "b", dim && "d"].filter(Boolean).join(" ");
  const attributes = [
    `x="${(column * cell.width).toFixed(1)}"`,
    `textLength="${([...text].length * cell.width).toFixed(1)}"`,
    ...(classes ? [`class="${classes}"`] : []),
    ...(color === undefined ? [] : [`style="fill:${palette[color % palette.length]}"`]),
  ];
  return `<tspan ${attributes.join(" ")}>${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");
}
