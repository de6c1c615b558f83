import xterm from "@xterm/headless";

/** What a terminal prints, and when. */
export interface Output {
  /** Seconds since the one before. */
  delay: number;
  text: string;
}

/** A run of characters in one style. */
export interface Span {
  column: number;
  text: string;
  /** Number of the colour in the palette of a terminal, 0 to 15. @default the terminal's own */
  color?: number | undefined;
  bold: boolean;
  dim: boolean;
}

/** The screen of a terminal, as long as it did not change. */
export interface Frame {
  /** Seconds from the start of the recording. */
  at: number;
  /** One list for each row of the screen. */
  rows: Span[][];
}

/** Changes that follow one another faster than this, in seconds, are one frame. */
const minDelay = 0.08;

/** Plays outputs on a terminal of that size, and returns each screen that a person would have seen. */
export async function framesOf(outputs: readonly Output[], size: { cols: number; rows: number }): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ ...size, allowProposedApi: true, scrollback: 0 });
  const frames: Frame[] = [];
  let at = 0;
  for (const [index, { delay, text }] of outputs.entries()) {
    at += delay;
    await new Promise<void>((resolve) => terminal.write(text, resolve));
    const next = outputs[index + 1];
    if (next && next.delay < minDelay) continue;
    frames.push({ at, rows: Array.from({ length: size.rows }, (_, row) => spansOf(terminal, row)) });
  }
  return frames;
}

function spansOf(terminal: xterm.Terminal, row: number): Span[] {
  const line = terminal.buffer.active.getLine(row);
  const spans: Span[] = [];
  for (let column = 0; column < terminal.cols; column++) {
    const cell = line?.getCell(column);
    if (!cell || cell.getWidth() === 0) continue;
    const style = {
      color: cell.isFgPalette() ? cell.getFgColor() : undefined,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
    const last = spans.at(-1);
    const text = cell.getChars() || " ";
    if (last && last.color === style.color && last.bold === style.bold && last.dim === style.dim) last.text += text;
    else spans.push({ column, text, ...style });
  }
  return spans.map((span) => ({ ...span, text: span.text.trimEnd() })).filter(({ text }) => text !== "");
}
