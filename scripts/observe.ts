/**
 * Prints the name of the start that a host service is running from, or a new name when it does not run as it was left:
 * the process is gone, or somebody has changed or disabled its definition. As an input of the service this makes such
 * a state a change, which `pulumi up` repairs and `preview` shows. A restart by the supervisor is none.
 * Arguments: stack, service, and the data folder where the stack sets one.
 */
import { randomUUID } from "node:crypto";
import { running } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { runScript } from "../lib/problem.ts";

await runScript(async () => {
  const [stack = "", service = "", dataDir] = process.argv.slice(2);
  const found = await running(identify({ stack, service, dataDir }));
  process.stdout.write(found?.record.startId ?? randomUUID());
});
