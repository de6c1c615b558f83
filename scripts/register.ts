/**
 * Registers a worker with its server and waits until the server lists what the worker declares, triggers equal.
 * Standard input: a {@link RegistrationSpec} as JSON. Run by `Registration` as create and as update.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, InngestApi, WorkerEndpoint } from "../lib/inngest/api.ts";
import { driftBetween, driftText } from "../lib/inngest/drift.ts";
import { throughForward } from "../lib/places/forward.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import type { RegistrationSpec } from "../lib/stack/registration-spec.ts";
import { stopGraceSeconds } from "../lib/stack/stop-grace.ts";

/** A container's server may have a long queue log to read before it answers. */
const patienceSeconds = 120;

async function main(): Promise<void> {
  const { forward, ...spec } = await readStdin<RegistrationSpec>();
  await throughForward(forward, spec, ({ apiUrl, workerUrl }) =>
    register(
      { ...spec, apiUrl, workerUrl, workerEndpoint: spec.workerEndpoint.replace(spec.workerUrl, workerUrl) },
      forward ? stopGraceSeconds : 0,
    ),
  );
}

async function register(
  { apiUrl, workerUrl, workerEndpoint, way, signingKey }: Omit<RegistrationSpec, "forward">,
  replacedSeconds: number,
): Promise<void> {
  const api = new InngestApi(apiUrl, signingKey);
  await patiently(async () => {
    if (!(await api.isHealthy())) throw new Problem(`the server at ${apiUrl} does not answer /health.`);
  });
  if (way === "connect") return await untilConnected(workerUrl, signingKey);

  const worker = new WorkerEndpoint(workerEndpoint, signingKey);
  if (way === "external" && !(await isThere(workerEndpoint))) {
    console.log(`Nothing answers at ${workerEndpoint} yet: the server registers the app when it does.`);
    return;
  }
  await patiently(async () => {
    await worker.register().catch((error: Error) => {
      throw new Problem(`the worker at ${workerEndpoint} is not registered: ${causeOf(error)}.`);
    });
  });
  const { appId, functions } = await worker.declared();
  // Of several servers behind a gateway one with the keys before may answer while it is replaced.
  const listed = () =>
    api.functions(appId).catch((error: Error) => {
      throw error instanceof ApiError && error.status === 401 ? new Problem(error.message) : error;
    });
  await patiently(listed, replacedSeconds);
  await patiently(async () => {
    const drift = driftBetween(functions, await listed());
    if (drift.length > 0)
      throw new Problem(`the server does not list app ${appId} as declared: ${drift.map(driftText).join("; ")}.`);
  }, 20);
  console.log(`${functions.length} functions of app ${appId}: ${functions.map(({ id }) => id).join(", ")}`);
}

/** A worker that connects is not called by anybody; it audits itself on request. */
async function untilConnected(workerUrl: string, signingKey: string): Promise<void> {
  await patiently(async () => {
    const answer = await fetch(`${workerUrl}/audit`, { headers: { authorization: `Bearer ${signingKey}` } }).catch(
      (error: Error) => {
        throw new Problem(`the worker at ${workerUrl} does not answer: ${causeOf(error)}.`);
      },
    );
    const { drift = [], error } = (await answer.json()) as {
      drift?: { function: string; problem: string }[];
      error?: string;
    };
    // A cron that has not run yet is not a matter of registration.
    const wrong = drift.filter(({ problem }) => problem !== "not running");
    if (!answer.ok || wrong.length > 0) {
      const what = error ?? wrong.map((each) => `${each.function} ${each.problem}`).join("; ");
      throw new Problem(`the worker at ${workerUrl} is not registered by its connection: ${what}.`);
    }
  }, 30);
}

async function isThere(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
}

function causeOf(error: Error): string {
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? "nothing listens there" : error.message;
}

/** Tries until it succeeds, and fails with the last {@link Problem} when time is over. */
async function patiently<T>(attempt: () => Promise<T>, seconds = patienceSeconds): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = 25; ; pause = Math.min(pause * 1.2, 1000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Problem) || Date.now() > deadline) throw error;
      await sleep(pause);
    }
  }
}

if (import.meta.main) await runScript(main);
