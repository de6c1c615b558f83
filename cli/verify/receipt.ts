import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import type { Result } from "../lib/checks/check.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import type { Verdict } from "./outcome.ts";

/** Outcome of all checks of a stack: a contract with other tools. */
export interface Receipt {
  stack: string;
  tier: string;
  versions: Record<string, string>;
  startedAt: string;
  passed: number;
  failed: number;
  skipped: number;
  checks: { id: string; status: Verdict; seen: string; ms: number }[];
}

/** How many receipts of a stack are kept. */
const kept = 50;

export function receiptOf(
  stack: LiveStack,
  versions: Record<string, string>,
  startedAt: Date,
  results: Result<Verdict>[],
): Receipt {
  const count = (verdict: Verdict) => results.filter(({ status }) => status === verdict).length;
  return {
    stack: stack.name,
    tier: stack.tier,
    versions,
    startedAt: startedAt.toISOString(),
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    checks: results.map(({ id, status, seen, cause, remedy, ms }) => {
      const more = [cause && `Likely cause: ${cause}.`, remedy && `Remedy: ${remedy}`].filter(Boolean);
      return { id, status, seen: [more.length > 0 ? `${seen}.` : seen, ...more].join(" "), ms };
    }),
  };
}

/** Writes a receipt into the stack's data folder, where the newest fifty are kept. Returns its path. */
export function keepReceipt(stack: LiveStack, receipt: Receipt): string {
  const folder = join(stack.dataFolder, "verify");
  const path = join(folder, `${receipt.startedAt.replaceAll(":", "-")}.json`);
  writePrivateFile(path, `${JSON.stringify(receipt, null, 2)}\n`);
  const receipts = readdirSync(folder)
    .filter((file) => /^\d{4}-.*\.json$/.test(file))
    .sort();
  for (const file of receipts.slice(0, -kept)) rmSync(join(folder, file), { force: true });
  return path;
}
