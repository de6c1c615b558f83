import { stripVTControlCharacters, styleText } from "node:util";
import type { Report, Result } from "./check.ts";

type Format = Parameters<typeof styleText>[0];

/** Narrower than this no text is broken into lines. */
const narrowest = 40;
/** Columns of the longest name of a check. */
const idWidth = 13;
/** Seconds after which the terminal shows that a check still runs. */
const showAfterSeconds = 1;

/**
 * Reports results as lines on a terminal or in a log: status, id and what was seen, broken at the terminal's width. A
 * check that takes longer than a second shows what it does. NO_COLOR and a missing terminal turn colours off.
 */
export function terminalReport<Status extends string>(
  formats: Record<Status, Format>,
  stream: NodeJS.WriteStream = process.stdout,
): Report<Status> {
  const width = Math.max(...Object.keys(formats).map(({ length }) => length));
  const paint = (format: Format, text: string) => styleText(format, text, { stream });
  let timer: NodeJS.Timeout | undefined;
  let doing = "";
  let began = 0;

  const show = (text: string) => writeOver(stream, text);

  return {
    begin(id) {
      doing = "";
      began = Date.now();
      timer = setInterval(() => {
        const seconds = Math.round((Date.now() - began) / 1000);
        show(`${"".padEnd(width)}  ${id}: ${doing || "looking"} (${seconds} s)`);
      }, showAfterSeconds * 1000);
    },
    progress(id, what) {
      doing = what;
      // A log cannot overwrite a line, and its readers wait too.
      if (!stream.isTTY) stream.write(`${"".padEnd(width)}  ${id}: ${what}\n`);
    },
    end({ id, status, seen, cause, remedy }: Result<Status>) {
      clearInterval(timer);
      show("");
      const indent = "".padEnd(width + 2);
      const first = `${paint(formats[status], status.padEnd(width))}  ${paint("bold", id.padEnd(idWidth))}  `;
      const lines = [
        first + wrapped(seen, stream, indent, stripVTControlCharacters(first).length),
        ...(cause ? [`${indent}Likely cause: ${wrapped(cause, stream, indent, indent.length + 14)}`] : []),
        ...(remedy ? [`${indent}Remedy: ${wrapped(remedy, stream, indent, indent.length + 8)}`] : []),
      ];
      stream.write(`${lines.join("\n")}\n`);
    },
  };
}

/** Writes a line that the next one overwrites; none without a terminal. */
export function writeOver(stream: NodeJS.WriteStream, text: string): void {
  if (!stream.isTTY) return;
  const room = Math.max(10, stream.columns - 1);
  stream.write(`\r\x1b[2K${text.length > room ? `${text.slice(0, room - 1)}…` : text}`);
}

/** Shows on a terminal what is done, when it takes longer than a second. */
export async function withProgress<T>(
  doing: string,
  work: Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const began = Date.now();
  const timer = setInterval(
    () => writeOver(stream, `${doing} (${Math.round((Date.now() - began) / 1000)} s)`),
    showAfterSeconds * 1000,
  );
  return await work.finally(() => {
    clearInterval(timer);
    writeOver(stream, "");
  });
}

/** Reports nothing. */
export const silent: Report<string> = { begin() {}, progress() {}, end() {} };

/** Breaks a text at the terminal's width, later lines indented; `used` columns of the first are taken. */
export function wrapped(text: string, { isTTY, columns }: NodeJS.WriteStream, indent: string, used: number): string {
  if (!isTTY || columns < narrowest) return text;
  const lines: string[] = [];
  let line = "";
  let room = columns - used;
  const widthOf = (part: string) => stripVTControlCharacters(part).length;
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
      room = columns - indent.length;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
