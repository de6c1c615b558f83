import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { reasonOf } from "../lib/checks/check.ts";
import { until } from "../lib/checks/patience.ts";
import { parseKeyFile } from "../lib/key-file.ts";
import { backupOf, isOverdue, lastBackupOf } from "../lib/last-backup.ts";
import { janitorOf } from "../lib/last-sweep.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { stateOf } from "../lib/part-states.ts";
import type { Placed } from "../lib/parts.ts";
import { broken, type DoctorCheck, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** A signature holds for this long, in seconds. */
const signatureLife = 300;
/** Seconds in which a worker that has just started registers. */
const settleSeconds = 6;
/** Seconds in which the janitor makes a round again that failed, and more. */
const retrySeconds = 13;
/** Clocks that are this far apart will be further, in seconds. */
const drifting = 30;

/** Files from which programs take variables. */
const envFiles = [".env", ".env.local", ".env.development", ".env.inngest"];

/** Where a variable that turns signature checks off stands, beside a worker that runs. */
export function devModeCheck(workerDir: string | undefined, live: LiveStack | undefined): DoctorCheck {
  return {
    id: "dev-mode",
    async run() {
      const folders = [...new Set([".", ...(workerDir ? [workerDir] : [])].map((folder) => resolve(folder)))];
      const files = folders.flatMap((folder) => envFiles.map((file) => join(folder, file))).filter(existsSync);
      const places = [
        ...(isOn(process.env.INNGEST_DEV) ? ["this shell's environment"] : []),
        ...files.filter((file) => isOn(parseKeyFile(readFileSync(file, "utf8")).INNGEST_DEV)),
      ];
      const where = places.length > 0 ? ` (it is set in ${places.join(", ")})` : "";
      if (live && !live.connects && (await modeOf(live)) === "dev") {
        return broken(
          `the worker runs with INNGEST_DEV${where}: it takes calls that nobody has signed`,
          "unset INNGEST_DEV where the worker is started, and start it again; INNGEST_BASE_URL alone keeps it from Inngest Cloud",
        );
      }
      if (places.length === 0) return ok("INNGEST_DEV is set nowhere here");
      return warning(
        `INNGEST_DEV is set in ${places.join(", ")}: a worker that is started with it checks no signature`,
        "take it out; INNGEST_BASE_URL alone keeps a worker from Inngest Cloud",
      );
    },
  };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(|0|false)$/i.test(value);
}

async function modeOf(live: LiveStack): Promise<string | undefined> {
  return await live.reach(({ endpoint }) => endpoint.mode()).catch(() => undefined);
}

/** What can only be looked at while the stack is up. */
export function liveChecks(live: LiveStack): DoctorCheck[] {
  const upkeep = janitorOf(live);
  const scheduled = backupOf(live);
  return [
    { id: "clock", run: () => clock(live) },
    { id: "server", run: () => server(live) },
    { id: "worker", run: () => worker(live) },
    ...(upkeep ? [{ id: "janitor", run: () => janitor(live, upkeep) }] : []),
    ...(scheduled ? [{ id: "backup", run: () => backup(live, scheduled) }] : []),
  ];
}

async function clock(live: LiveStack): Promise<DoctorOutcome> {
  const dates = await live.reach(async ({ apiUrl, workerUrl }) => ({
    server: await dateOf(`${apiUrl}/health`),
    worker: await dateOf(workerUrl),
  }));
  const apart = Object.entries(dates).flatMap(([who, date]) =>
    date === undefined ? [] : [{ who, seconds: Math.round(Math.abs(Date.now() - date) / 1000) }],
  );
  const worst = Math.max(0, ...apart.map(({ seconds }) => seconds));
  const seen = apart.map(({ who, seconds }) => `${who} ${seconds} s`).join(", ");
  const remedy = "set the clocks by NTP; after a sleep, restart Docker's own machine";
  if (worst >= signatureLife)
    return broken(`clocks differ (${seen}), and a signature holds for ${signatureLife} s`, remedy);
  if (worst >= drifting) return warning(`clocks differ: ${seen}`, remedy);
  return ok(apart.length > 0 ? `clocks agree with this machine's (${seen} apart)` : "no server tells its time");
}

async function dateOf(url: string): Promise<number | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  await answer?.body?.cancel();
  const date = answer?.headers.get("date");
  return date ? Date.parse(date) : undefined;
}

async function server(live: LiveStack): Promise<DoctorOutcome> {
  const again = `npm start -- --stack ${live.name}; npm run logs -- server --stack ${live.name}`;
  return await live.reach(async ({ api, apiUrl }) => {
    if (!(await api.isHealthy())) return broken(`the server does not answer at ${apiUrl}/health`, again);
    return await api.runs(1).then(
      () => ok(`answers at ${apiUrl}, also to the stack's signing key`),
      (error: Error) => broken(`the server refuses the stack's signing key (${error.message})`, again),
    );
  });
}

async function worker(live: LiveStack): Promise<DoctorOutcome> {
  return await live.reach(async ({ workerUrl, endpoint, endpointUrl }) => {
    const again = live.isExternal
      ? `start your app with what \`npm run pulumi -- stack output appEnvironment --show-secrets --stack ${live.name}\` says`
      : `npm start -- --stack ${live.name}; npm run logs -- worker --stack ${live.name}`;
    const health = live.isExternal ? undefined : await settledHealthOf(workerUrl);
    if (typeof health === "string")
      return broken(`the worker does not answer at ${workerUrl}/healthz: ${health}`, again);
    if (!live.connects) {
      const problem = await endpoint.declared().then(
        () => undefined,
        (error: Error) => reasonOf(error),
      );
      if (problem) return broken(`the worker at ${endpointUrl} does not take the stack's signature: ${problem}`, again);
    }
    const off = health?.off?.length ? `; off: ${health.off.join(", ")}` : "";
    if (health?.degraded?.length) return warning(`the worker is degraded: ${health.degraded.join(", ")}`, again);
    return ok(
      live.connects ? `answers at ${workerUrl}, connected${off}` : `takes signed calls at ${endpointUrl}${off}`,
    );
  });
}

async function janitor(live: LiveStack, where: Placed): Promise<DoctorOutcome> {
  // One that has begun before the history was there tries again after ten seconds.
  const settled = until(retrySeconds, async () => {
    const state = await stateOf(live, where);
    return state.round?.failed ? undefined : state;
  });
  const { isRunning, what, detail, round } = (await settled) ?? (await stateOf(live, where));
  if (!isRunning) {
    return broken(`${what} does not run (${detail}): history is kept for ever`, `npm start -- --stack ${live.name}`);
  }
  if (!round?.failed) return ok(`${what} keeps history as long as \`retention\` says`);
  return warning(`${what}: its last round failed: ${round.failed}`, `npm run logs -- janitor --stack ${live.name}`);
}

async function backup(live: LiveStack, where: Placed): Promise<DoctorOutcome> {
  const { isRunning, what, detail } = await stateOf(live, where);
  if (!isRunning) {
    return broken(`${what} does not run (${detail}): the stack is not backed up`, `npm start -- --stack ${live.name}`);
  }
  const last = lastBackupOf(live);
  if (last === undefined) return warning("there is no backup yet", `npm run backup -- --stack ${live.name}`);
  if (!isOverdue(live, last)) return ok(`${what} took the newest backup at ${last}`);
  return warning(
    `the newest backup is of ${last}, and \`backupEvery\` is ${live.settings.backupEvery}`,
    `npm run logs -- backup --stack ${live.name}`,
  );
}

/** A worker that has just started registers within seconds, and is not degraded for that. */
async function settledHealthOf(workerUrl: string): ReturnType<typeof healthOf> {
  const isWell = async () => {
    const health = await healthOf(workerUrl);
    return typeof health !== "string" && !health.degraded?.length ? health : undefined;
  };
  return (await until(settleSeconds, isWell)) ?? (await healthOf(workerUrl));
}

/** A worker of the user's own need say no more than that it lives. */
async function healthOf(workerUrl: string): Promise<{ degraded?: string[]; off?: string[] } | string> {
  try {
    const answer = await fetch(`${workerUrl}/healthz`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return `HTTP ${answer.status}`;
    return (await answer.json().catch(() => ({}))) as { degraded?: string[]; off?: string[] };
  } catch (error) {
    return reasonOf(error as Error);
  }
}
