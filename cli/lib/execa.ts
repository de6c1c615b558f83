import type { Options } from "execa";

/** execa, loaded on the first call: `--help` would spend a third of its time on that. */
export async function execa<O extends Options>(program: string, args: readonly string[], options: O) {
  const { execa } = await import("execa");
  return await execa(program, args, options);
}
