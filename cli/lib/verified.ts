import { join } from "node:path";
import { Problem } from "../../lib/problem.ts";
import { execa } from "./execa.ts";

/** Runs `verify` on a stack, on this terminal. @throws {Problem} when a check fails */
export async function verifyStack(stack: string): Promise<void> {
  const program = join(import.meta.dirname, "..", "verify.ts");
  const { exitCode } = await execa(process.execPath, [program, "--stack", stack], { reject: false, stdio: "inherit" });
  if (exitCode !== 0) throw new Problem(`stack ${stack} is up, but the checks above have failed`);
}
