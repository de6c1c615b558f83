import { readJson, writePrivateFile } from "../data/private-file.ts";
import type { RunRecord } from "./spec.ts";

export function readRecord(path: string): RunRecord | undefined {
  return readJson<RunRecord>(path);
}

export function writeRecord(path: string, record: RunRecord): void {
  writePrivateFile(path, `${JSON.stringify(record)}\n`);
}
