import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { NonRetriableError } from "inngest";
import { settings } from "../environment.ts";

/** A path inside `DATA_DIR`. */
export function dataPath(...parts: string[]): string {
  return join(settings().dataDirectory, ...parts);
}

/**
 * Resolves an output path: a relative one is inside `DATA_DIR/outputs`, an absolute one stays as it is.
 *
 * @throws {NonRetriableError} when a relative path leaves that folder
 */
export function resolveOutput(outputPath: string): string {
  if (isAbsolute(outputPath)) return outputPath;
  const outputs = dataPath("outputs");
  const path = join(outputs, outputPath);
  const inside = relative(outputs, path);
  if (inside === "" || inside.startsWith("..")) {
    throw new NonRetriableError(
      `outputPath "${outputPath}" leaves the outputs folder: give a path inside it, or an absolute one.`,
    );
  }
  return path;
}

/** Writes a file and its parent folders; a reader sees the whole file or none. */
export async function writeAtomically(path: string, content: string | AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomUUID()}.unfinished`;
  try {
    const source = typeof content === "string" ? [Buffer.from(content)] : content;
    await pipeline(Readable.from(source), createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
