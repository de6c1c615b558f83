/**
 * Prints the id of the start from which a host service runs, or a new id when it does not run as it was started: its
 * process is gone, or its definition was edited or disabled. The id is an input of the service, so `preview` shows such
 * drift as a change and `pulumi up` repairs it. A restart by the supervisor is no drift.
 * Arguments: stack, service, and the data folder if the stack sets one.
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
