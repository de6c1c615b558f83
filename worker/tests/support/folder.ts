import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";

/** A temporary folder that is `DATA_DIR` until the test ends. */
export function dataDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), "inngest-unit-"));
  vi.stubEnv("DATA_DIR", folder);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
