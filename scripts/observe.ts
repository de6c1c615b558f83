/**
 * Prints the id of the start from which a host service runs, or a new id when it does not run as it was started: its
 * process is gone, its definition was edited or disabled, or it runs from another folder of the project. The id is an input of the service, so `preview` shows such
 * drift as a change and `pulumi up` repairs it. A restart by the supervisor is no drift.
 * Arguments: stack, service, and the data folder if the stack sets one.
 */
import { randomUUID } from "node:crypto";
import { projectFolder } from "../lib/host/paths.ts";
import { running } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { runScript } from "../lib/problem.ts";

await runScript(async () => {
  const [stack = "", service = "", dataDir] = process.argv.slice(2);
  const found = await running(identify({ stack, service, dataDir }));
  const isFromHere = found?.record.folder === projectFolder();
  process.stdout.write(found && isFromHere ? found.record.startId : randomUUID());
});
