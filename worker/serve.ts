import { type Environment, EnvironmentError, readEnvironment } from "./environment.ts";
import { log } from "./log.ts";

/** Of sysexits.h, EX_CONFIG: starting again cannot help until somebody changes the configuration. */
const EXIT_CONFIGURATION = 78;
/** How long a running step may go on after SIGTERM, in milliseconds. */
const SHUTDOWN_LIMIT = 30_000;

const environment = checkedEnvironment();

// Loaded only now, because the client reads the environment when it is made.
const { startWorker } = await import("./start.ts");

try {
  const worker = await startWorker(environment);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop(signal, worker));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1);
}

function checkedEnvironment(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    if (error instanceof EnvironmentError) fail(error.message, EXIT_CONFIGURATION);
    throw error;
  }
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

async function stop(signal: string, worker: { stop(): Promise<void> }): Promise<void> {
  log("info", "stopping", { signal });
  setTimeout(() => {
    log("error", "a step did not end in time; the server will run it again", { seconds: SHUTDOWN_LIMIT / 1000 });
    process.exit(0);
  }, SHUTDOWN_LIMIT).unref();
  await worker.stop();
  log("info", "stopped");
  process.exit(0);
}
