// Records commands on a terminal as an animated SVG: `node tools/recording/record.ts FILE.svg COMMAND...`, each command
// one argument, shown with a prompt before it runs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { framesOf, type Output } from "./frames.ts";
import { animatedSvg } from "./svg.ts";

const cols = 100;
const rows = 30;
const prompt = "\u001b[1;32m$\u001b[0m ";
/** Longest time in seconds that a command's output stands still: nobody wants to watch a wait. */
const maxDelay = 0.35;
/** Seconds for which the end of a command stays. */
const readingTime = 2.5;
/** Seconds between two letters of a command, as somebody types. */
const typingDelay = 0.04;

/** Runs a shell line on a pseudo-terminal. @throws {ExecaError} when it fails */
async function outputsOf(line: string): Promise<Output[]> {
  const folder = mkdtempSync(join(tmpdir(), "recording-"));
  const [output, timing] = [join(folder, "output"), join(folder, "timing")];
  try {
    // util-linux script: "advanced" timing has a line `O SECONDS BYTES` for each piece of output.
    const log = ["--log-out", output, "--log-timing", timing, "--logging-format", "advanced"];
    const sized = `stty cols ${cols} rows ${rows} && ${line}`;
    await execa("script", ["--quiet", "--return", ...log, "--command", sized], { stdio: ["ignore", "ignore", 2] });
    return pieces(readFileSync(output), readFileSync(timing, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pieces(log: Buffer, timing: string): Output[] {
  // The file begins with a line of its own, "Script started on …".
  let offset = log.indexOf("\n") + 1;
  return [...timing.matchAll(/^O (\S+) (\d+)$/gm)].map(([, delay, bytes]) => {
    const text = log.subarray(offset, offset + Number(bytes)).toString();
    offset += Number(bytes);
    return { delay: Math.min(Number(delay), maxDelay), text };
  });
}

const [file, ...commands] = process.argv.slice(2);
if (!file || commands.length === 0) {
  console.error("Usage: node tools/recording/record.ts FILE.svg COMMAND...");
  process.exit(2);
}
const outputs: Output[] = [];
for (const command of commands) {
  outputs.push({ delay: outputs.length === 0 ? 0 : readingTime, text: prompt });
  outputs.push(...[...command].map((text, index) => ({ delay: index === 0 ? 0.8 : typingDelay, text })));
  outputs.push({ delay: 0.4, text: "\r\n" }, ...(await outputsOf(command)));
}
writeFileSync(file, animatedSvg(commands.join(", "), await framesOf(outputs, { cols, rows }), { cols, rows }));
