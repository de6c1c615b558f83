import { type Environment, EnvironmentError, readEnvironment } from "./environment.ts";
import { reasonOf } from "./errors.ts";
import { log } from "./log.ts";

/** EX_CONFIG of sysexits.h: a restart cannot help until the configuration is changed. */
const configurationExitCode = 78;
/** How long running steps may take to finish after SIGTERM. */
const drainMs = 30_000;

const environment = checkedEnvironment();

// Imported after the check, because the client reads the environment when it is created.
const { startWorker } = await import("./start.ts");

try {
  const worker = await startWorker(environment);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop(signal, worker));
} catch (error) {
  fail(reasonOf(error), 1);
}

function checkedEnvironment(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    if (error instanceof EnvironmentError) fail(error.message, configurationExitCode);
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
    log("error", "a step did not finish in time; the server will run it again", { seconds: drainMs / 1000 });
    process.exit(0);
  }, drainMs).unref();
  await worker.stop();
  log("info", "stopped");
  process.exit(0);
}
