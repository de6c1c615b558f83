import { Redis } from "../data/redis.ts";
import { Problem } from "../problem.ts";
import { until } from "../wait.ts";
import { dataFolder } from "./paths.ts";
import { holderOf, isTaken } from "./ports.ts";
import { resolved } from "./service-files.ts";
import type { Listener, ServiceSpec } from "./spec.ts";

/** Pause between two looks at a starting process, in milliseconds. */
const pollMs = 25;
/** How often a process without a health URL must be seen alive to count as started. */
const timesAlive = 12;
/**
 * Milliseconds without a process after which a start has failed. launchd takes a moment to start what it has accepted; the
 * pause of a supervisor between two starts is longer.
 */
const deadMs = 500;
/** Seconds within which a process must be ready. A server that migrates a large database needs many. */
const readySeconds = 60;
/** Seconds for a port without a visible holder to become free: a process is gone before its last threads close it. */
const releaseSeconds = 5;

/** @throws {Problem} when another process listens at a port of the service */
export async function refuseTakenPorts({ stack, service, listeners }: ServiceSpec): Promise<void> {
  for (const listener of listeners) {
    const holder = await until({ seconds: releaseSeconds, every: 50 }, () => freeOrHolder(listener));
    if (holder === "free") continue;
    const by = holder ? `${holder.command} (pid ${holder.pid})` : "a process that this user may not see";
    throw new Problem(
      `port ${listener.port} of ${stack}'s ${service} is taken by ${by}`,
      "stop it, or choose another port",
    );
  }
}

async function freeOrHolder(listener: Listener) {
  return (await isTaken(listener)) ? await holderOf(listener.port) : "free";
}

/**
 * Waits until the process answers at its health URL or its socket or, without one, stays alive.
 *
 * @throws {Problem} when it ends, or is not ready in time
 */
export async function untilReady(spec: ServiceSpec, isAlive: () => Promise<boolean>) {
  const { stack, service, dataDir, healthUrl, socket } = spec;
  const address = socket && resolved({ inDataDir: socket, scheme: "unix" }, dataFolder(stack, dataDir));
  let lastAlive = Date.now();
  let seenAlive = 0;
  const ready = await until({ seconds: readySeconds, every: pollMs }, async () => {
    if (address && (await Redis.answersAt(address))) return true;
    if (healthUrl && (await isHealthy(healthUrl))) return true;
    if (!address && !healthUrl && seenAlive >= timesAlive) return true;
    if (await isAlive()) {
      lastAlive = Date.now();
      seenAlive++;
    } else if (Date.now() - lastAlive > deadMs) {
      throw new Problem(`the ${service} of stack ${stack} ended while it started`);
    }
    return false;
  });
  if (ready) return;
  const where = healthUrl ?? address;
  const expected = where ? `answer ${where}` : "stay alive";
  throw new Problem(`the ${service} of stack ${stack} did not ${expected} within ${readySeconds} s`);
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return answer?.ok ?? false;
}
