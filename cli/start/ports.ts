import { readFileSync, writeFileSync } from "node:fs";
import { withSetting } from "../../lib/settings/stack-file.ts";
import { findFreePorts } from "../lib/free-ports.ts";

/** Gives a stack that is not up free ports, in its settings file, where its default ones are taken. */
export async function takeFreePorts(stack: string): Promise<void> {
  const file = `Pulumi.${stack}.yaml`;
  for (const { setting, to, port, by } of await findFreePorts(stack)) {
    writeFileSync(file, withSetting(readFileSync(file, "utf8"), setting, to));
    console.log(`Port ${port} is taken by ${by}, so stack ${stack} gets \`${setting}\` ${to}, now in ${file}.`);
  }
}
