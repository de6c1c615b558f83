import { Inngest } from "inngest";
import { settings } from "./environment.ts";
import { RunLog } from "./middleware/run-log.ts";
import { createLogger, quiet } from "./middleware/sdk-logger.ts";
import { StepLimits } from "./middleware/step-limits.ts";

/**
 * The Inngest client of this app.
 *
 * Server address and keys come from the environment (`INNGEST_BASE_URL`, `INNGEST_SIGNING_KEY`, `INNGEST_EVENT_KEY`), which
 * the SDK reads itself.
 */
export const inngest = createClient();

/**
 * A client for the same app.
 *
 * @param appVersion shown beside the app; a connection with another one registers the functions anew. @default none
 */
export function createClient(appVersion?: string) {
  const { appId, checkpointSteps } = settings();
  return new Inngest({
    id: appId,
    checkpointing: { bufferedSteps: checkpointSteps },
    // Fixed, because development mode would accept unsigned requests.
    isDev: false,
    // With it the SDK would repeat, without the run's id, what the run log says.
    logger: quiet,
    internalLogger: createLogger({ source: "sdk" }),
    middleware: [RunLog, StepLimits],
    ...(appVersion && { appVersion }),
  });
}
