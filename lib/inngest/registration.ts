import { throughForward } from "../places/forward.ts";
import { Problem } from "../problem.ts";
import { stopGraceSeconds } from "../stack/stop-grace.ts";
import { untilResolved } from "../wait.ts";
import { ApiError, InngestApi } from "./api.ts";
import { driftBetween, driftText } from "./drift.ts";
import { WorkerEndpoint } from "./worker-endpoint.ts";

/** How a worker is registered. All URLs are as this machine reaches them. */
export interface RegistrationSpec {
  apiUrl: string;
  /** Origin of the worker. */
  workerUrl: string;
  workerEndpoint: string;
  /** Port forwards through which the URLs are reached. @default none */
  forward?: Parameters<typeof throughForward>[0];
  /**
   * `serve`: we make the worker register. `connect`: the worker registers through its connection, and we wait for it.
   * `external`: as `serve`, but an app that is not up is left to the server, which polls it every few seconds.
   */
  way: "serve" | "connect" | "external";
  signingKey: string;
}

/** Seconds for server and worker to answer: a container's server may have to load a long queue first. */
const startSeconds = 120;
/** Seconds for a worker to have connected and registered. */
const connectSeconds = 30;
/** Seconds for the server to list what was registered. */
const listSeconds = 20;

/**
 * Registers a worker, and waits until the server lists exactly the functions and triggers that it declares.
 *
 * @returns what a person may want to know, if anything
 * @throws {Problem} when server or worker does not answer in time, or the lists differ
 */
export async function register({ forward, ...spec }: RegistrationSpec): Promise<string | undefined> {
  return await throughForward(forward, spec, async ({ apiUrl, workerUrl }) => {
    const api = new InngestApi(apiUrl, spec.signingKey);
    await retrying(startSeconds, async () => {
      if (!(await api.isHealthy())) throw new Problem(`the server at ${apiUrl} does not answer /health`);
    });
    if (spec.way === "connect") return await untilConnected(workerUrl, spec.signingKey);
    const workerEndpoint = spec.workerEndpoint.replace(spec.workerUrl, workerUrl);
    if (spec.way === "external" && !(await answers(workerEndpoint))) {
      return `Nothing answers at ${workerEndpoint} yet: the server registers the app when it does.`;
    }
    return await registerAt(workerEndpoint, spec.signingKey, api, forward !== undefined);
  });
}

async function registerAt(
  workerEndpoint: string,
  signingKey: string,
  api: InngestApi,
  inCluster: boolean,
): Promise<string> {
  const worker = new WorkerEndpoint(workerEndpoint, signingKey);
  await retrying(startSeconds, () =>
    worker.register().catch((error: Error) => {
      throw new Problem(`the worker at ${workerEndpoint} is not registered: ${causeOf(error)}`);
    }),
  );
  const { appId, functions } = await worker.declared();
  const listed = () =>
    api.functions(appId).catch((error: Error) => {
      throw error instanceof ApiError && error.status === 401 ? new Problem(error.message) : error;
    });
  // While the servers of a cluster are replaced, one with the previous keys may still answer.
  await retrying(inCluster ? stopGraceSeconds : 0, listed);
  await retrying(listSeconds, async () => {
    const drift = driftBetween(functions, await listed());
    if (drift.length === 0) return;
    throw new Problem(`the server does not list app ${appId} as declared: ${drift.map(driftText).join("; ")}`);
  });
  return `${functions.length} functions of app ${appId}: ${functions.map(({ id }) => id).join(", ")}`;
}

/** Nobody calls a worker that connects, so it compares its functions with the server's itself. */
async function untilConnected(workerUrl: string, signingKey: string): Promise<undefined> {
  const headers = { authorization: `Bearer ${signingKey}` };
  await retrying(connectSeconds, async () => {
    const answer = await fetch(`${workerUrl}/audit`, { headers }).catch((error: Error) => {
      throw new Problem(`the worker at ${workerUrl} does not answer: ${causeOf(error)}`);
    });
    const { drift = [], error } = (await answer.json()) as {
      drift?: { function: string; problem: string }[];
      error?: string;
    };
    // Whether a cron has run yet has nothing to do with registration.
    const wrong = drift.filter(({ problem }) => problem !== "not running");
    if (answer.ok && wrong.length === 0) return;
    const what = error ?? wrong.map((each) => `${each.function} ${each.problem}`).join("; ");
    throw new Problem(`the worker at ${workerUrl} is not registered by its connection: ${what}`);
  });
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
}

function causeOf(error: Error): string {
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? "nothing listens there" : error.message;
}

/** Repeats `attempt` while it throws a {@link Problem}, for at most so many seconds. */
function retrying<T>(seconds: number, attempt: () => Promise<T>): Promise<T> {
  return untilResolved({ seconds, every: 25, maxEvery: 1000 }, attempt, (error) => !(error instanceof Problem));
}
