import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { warningsOf } from "../../lib/data/requests.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { untilWorks } from "../../lib/wait.ts";
import { reasonOf } from "../lib/checks/check.ts";
import { isOverdue, lastBackupOf } from "../lib/last-backup.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { readable } from "../lib/sizes.ts";
import { broken, type DoctorCheck, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** Seconds for which a signature is valid. */
const signatureSeconds = 300;
/** Seconds that clocks may differ: those that are further apart are drifting. */
const maxSkewSeconds = 30;
/** Seconds in which a worker that has just started registers. */
const registerSeconds = 6;
/** Seconds in which the janitor repeats a failed sweep. */
const sweepRetrySeconds = 13;

/** Files from which programs take variables. */
const envFiles = [".env", ".env.local", ".env.development", ".env.inngest"];

/** Where INNGEST_DEV is set, which turns signature checks off, and whether the worker runs with it. */
export function devModeCheck(workerDir: string, live: LiveStack | undefined): DoctorCheck {
  return {
    id: "dev-mode",
    async run() {
      const folders = [...new Set([".", ...(workerDir ? [workerDir] : [])].map((folder) => resolve(folder)))];
      const files = folders.flatMap((folder) => envFiles.map((file) => join(folder, file))).filter(existsSync);
      const places = [
        ...(isOn(process.env.INNGEST_DEV) ? ["this shell's environment"] : []),
        ...files.filter((file) => isOn(parseEnv(readFileSync(file, "utf8")).INNGEST_DEV)),
      ];
      const where = places.length > 0 ? ` (it is set in ${places.join(", ")})` : "";
      if (live && !live.connects && (await modeOf(live)) === "dev") {
        return broken(
          `the worker runs with INNGEST_DEV${where}: it accepts unsigned calls`,
          "unset INNGEST_DEV where the worker is started, and start it again; INNGEST_BASE_URL alone keeps it from Inngest Cloud",
        );
      }
      if (places.length === 0) return ok("INNGEST_DEV is not set");
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

/** What can only be checked while the stack is up. */
export function liveChecks(live: LiveStack): DoctorCheck[] {
  const sweeper = live.parts.find("janitor");
  const scheduled = live.parts.find("backup");
  return [
    { id: "clock", run: () => clock(live) },
    { id: "server", run: () => server(live) },
    { id: "worker", run: () => worker(live) },
    ...(live.data.copyEphemeralHistory ? [] : [{ id: "history", run: () => history(live) }]),
    ...(sweeper ? [{ id: "janitor", run: () => janitor(live, sweeper) }] : []),
    ...(scheduled ? [{ id: "backup", run: () => backup(live, scheduled) }] : []),
  ];
}

async function clock(live: LiveStack): Promise<DoctorOutcome> {
  const dates = await live.reach(async ({ apiUrl, workerUrl }) => {
    const [server, worker] = await Promise.all([dateOf(`${apiUrl}/health`), dateOf(workerUrl)]);
    return { server, worker };
  });
  const apart = Object.entries(dates).flatMap(([who, date]) =>
    date === undefined ? [] : [{ who, seconds: Math.round(Math.abs(Date.now() - date) / 1000) }],
  );
  const worst = Math.max(0, ...apart.map(({ seconds }) => seconds));
  const seen = apart.map(({ who, seconds }) => `${who} ${seconds} s`).join(", ");
  const remedy = "synchronize the clocks by NTP; after a sleep, restart Docker's virtual machine";
  if (worst >= signatureSeconds)
    return broken(`clocks differ (${seen}), and a signature is valid for ${signatureSeconds} s`, remedy);
  if (worst >= maxSkewSeconds) return warning(`clocks differ: ${seen}`, remedy);
  return ok(apart.length > 0 ? `clocks agree with this machine's (${seen} apart)` : "no server sends its time");
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
      const reason = await endpoint.declared().then(
        () => undefined,
        (error: Error) => reasonOf(error),
      );
      if (reason) return broken(`the worker at ${endpointUrl} does not accept the stack's signature: ${reason}`, again);
    }
    const off = health?.off?.length ? `; off: ${health.off.join(", ")}` : "";
    if (health?.degraded?.length) return warning(`the worker is degraded: ${health.degraded.join(", ")}`, again);
    return ok(
      live.connects ? `answers at ${workerUrl}, connected${off}` : `accepts signed calls at ${endpointUrl}${off}`,
    );
  });
}

/** Whether the history has room, and its runs can end. */
async function history({ data, outputs }: LiveStack): Promise<DoctorOutcome> {
  const report = await data.runNextToData("sweep-now", { queueUrl: outputs.stores.queueUrl });
  const room = report.room === undefined ? "" : `, ${readable(report.room)} are free`;
  const seen = `${readable(report.size)}${room}; ${report.inFlight} runs in flight`;
  const problems = warningsOf(report);
  if (problems.length === 0) return ok(seen);
  return warning(
    `${seen}: ${problems.map(({ what }) => what).join("; ")}`,
    problems.flatMap(({ remedy }) => remedy ?? []).join("; "),
  );
}

async function janitor({ name, parts }: LiveStack, part: Part): Promise<DoctorOutcome> {
  const place = parts.placeOf(part);
  const { isRunning, what, detail } = await parts.stateOf(part);
  if (!isRunning) {
    return broken(`${what} does not run (${detail}): history is kept for ever`, `npm start -- --stack ${name}`);
  }
  // A sweep that came before the history existed is repeated after ten seconds.
  const repeated = untilWorks({ seconds: sweepRetrySeconds }, async () => {
    const sweep = await place.lastSweep(part);
    return sweep?.failed ? undefined : { sweep };
  });
  const { sweep } = (await repeated) ?? { sweep: await place.lastSweep(part).catch(() => undefined) };
  if (!sweep?.failed) return ok(`${what} keeps history as long as \`retention\` says`);
  return warning(`${what}: its last sweep failed: ${sweep.failed}`, `npm run logs -- janitor --stack ${name}`);
}

async function backup({ name, parts, settings }: LiveStack, part: Part): Promise<DoctorOutcome> {
  const { isRunning, what, detail } = await parts.stateOf(part);
  if (!isRunning) {
    return broken(`${what} does not run (${detail}): the stack is not backed up`, `npm start -- --stack ${name}`);
  }
  const last = lastBackupOf(settings);
  if (last === undefined) return warning("there is no backup yet", `npm run backup -- --stack ${name}`);
  if (!isOverdue(settings, last)) return ok(`${what} took the newest backup at ${last}`);
  return warning(
    `the newest backup is from ${last}, although one is due every ${settings.backups?.everySeconds} s`,
    `npm run logs -- backup --stack ${name}`,
  );
}

/** A worker that has just started registers within seconds, and counts as degraded until then. */
async function settledHealthOf(workerUrl: string): ReturnType<typeof healthOf> {
  const isWell = async () => {
    const health = await healthOf(workerUrl);
    return typeof health !== "string" && !health.degraded?.length ? health : undefined;
  };
  return (await untilWorks({ seconds: registerSeconds }, isWell)) ?? (await healthOf(workerUrl));
}

/** What a worker says of its health, or why it says nothing. */
async function healthOf(workerUrl: string): Promise<{ degraded?: string[]; off?: string[] } | string> {
  try {
    const answer = await fetch(`${workerUrl}/healthz`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return `HTTP ${answer.status}`;
    return (await answer.json().catch(() => ({}))) as { degraded?: string[]; off?: string[] };
  } catch (error) {
    return reasonOf(error as Error);
  }
}
