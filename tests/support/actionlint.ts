import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { onPath } from "../../lib/host/programs.ts";

const version = "1.7.7";

/** actionlint: the one on PATH, else the pinned Go module, built once; or why there is none. */
export function actionlint(): { binary: string } | { reason: string } {
  const found = onPath("actionlint");
  if (found) return { binary: found };
  const folder = join(homedir(), ".cache", "inngest-local", `actionlint-${version}`);
  const binary = join(folder, "actionlint");
  if (existsSync(binary)) return { binary };
  if (!onPath("go")) return { reason: "no actionlint on PATH, and no Go to build it" };
  try {
    execFileSync("go", ["install", `github.com/rhysd/actionlint/cmd/actionlint@v${version}`], {
      env: { ...process.env, GOBIN: folder, GOFLAGS: "" },
      stdio: "ignore",
      timeout: 120_000,
    });
    return { binary };
  } catch {
    return { reason: "no actionlint on PATH, and its Go module cannot be fetched here" };
  }
}
