import { Inngest } from "inngest";
import { settings } from "./environment.ts";
import { RunLog } from "./middleware/run-log.ts";
import { createLogger, silent } from "./middleware/sdk-logger.ts";
import { StepLimits } from "./middleware/step-limits.ts";

/**
 * The app's Inngest client.
 *
 * The SDK itself reads the server's address and keys from the environment (`INNGEST_BASE_URL`, `INNGEST_SIGNING_KEY`,
 * `INNGEST_EVENT_KEY`).
 */
export const inngest = createClient();

/**
 * Another client for the same app.
 *
 * @param appVersion shown with the app; connecting under another version registers the functions again. @default none
 */
export function createClient(appVersion?: string) {
  const { appId, checkpointSteps } = settings();
  return new Inngest({
    id: appId,
    checkpointing: { bufferedSteps: checkpointSteps },
    // Never left to INNGEST_DEV: development mode accepts unsigned requests.
    isDev: false,
    // The SDK would repeat what the run log says, without the run's id.
    logger: silent,
    internalLogger: createLogger({ source: "sdk" }),
    middleware: [RunLog, StepLimits],
    ...(appVersion && { appVersion }),
  });
}

/** The keys that the server may use: during a rotation there are two. */
export function signingKeys(): string[] {
  return [inngest.signingKey, inngest.signingKeyFallback].filter((key) => key !== undefined);
}
