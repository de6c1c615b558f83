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
 * Where an output goes: an absolute path as it is, a relative one inside `DATA_DIR/outputs`.
 *
 * @throws NonRetriableError when a relative path climbs out of that folder.
 */
export function resolveOutput(outputPath: string): string {
  if (isAbsolute(outputPath)) return outputPath;
  const outputs = dataPath("outputs");
  const path = join(outputs, outputPath);
  const way = relative(outputs, path);
  if (way === "" || way.startsWith("..")) {
    throw new NonRetriableError(
      `outputPath "${outputPath}" leaves the outputs folder: give a path inside it, or an absolute one.`,
    );
  }
  return path;
}

/** Writes the whole file or nothing: parents are made, and a reader never sees a half. */
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
