import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { Problem } from "../../lib/problem.ts";

/** Runs this project's own check on a stack. Throws {@link Problem} when it finds something. */
export async function verified(stack: string): Promise<void> {
  const verify = join(import.meta.dirname, "..", "verify.ts");
  if (!existsSync(verify)) return;
  const { exitCode } = await execa(process.execPath, [verify, "--stack", stack], { reject: false, stdio: "inherit" });
  if (exitCode !== 0) throw new Problem(`stack ${stack} is up, and its check has found what is above`);
}
