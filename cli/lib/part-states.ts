import { startedAt } from "../../lib/host/processes.ts";
import { running } from "../../lib/host/supervisors/index.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import { dockerSays } from "../../lib/places/docker-engine.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { namespaceOf, selectorText } from "../../lib/stack/kubernetes-names.ts";
import { backupOf, lastBackupOf } from "./last-backup.ts";
import { cronJobOf, janitorOf, lastRoundOf, type Round } from "./last-sweep.ts";
import type { LiveStack } from "./live-stack.ts";
import { type Placed, partsOf } from "./parts.ts";

/** A part of a stack as it is now. */
export interface PartState {
  name: string;
  isRunning: boolean;
  /** For people: `process 123`, `container inngest-persistent-server`. */
  what: string;
  /** ISO 8601; `undefined` when it does not run, or does not tell. */
  since: string | undefined;
  /** What brings it back, or how healthy it says it is. */
  detail: string | undefined;
  /** Of the janitor: the last round that it has made. */
  round?: Round | undefined;
  /** Of the scheduled backup: when its newest was taken, ISO 8601. */
  newest?: string | undefined;
}

export async function stateOfParts(stack: LiveStack): Promise<PartState[]> {
  const upkeep = [janitorOf(stack), backupOf(stack)].filter((part) => part !== undefined);
  const placed: Placed[] = [...partsOf(stack), ...upkeep];
  const parts = await Promise.all(placed.map((part) => stateOf(stack, part)));
  if (!stack.isExternal) return parts;
  const app: PartState = {
    name: "worker",
    isRunning: await fetch(stack.settings.workerUrl ?? "", { signal: AbortSignal.timeout(5000) }).then(
      () => true,
      () => false,
    ),
    what: `your app at ${stack.settings.workerUrl}`,
    since: undefined,
    detail: undefined,
  };
  return [...parts, app];
}

/** How one part is, told by where it runs. */
export async function stateOf(stack: LiveStack, part: Placed): Promise<PartState> {
  const { name, what, place } = part;
  const isJanitor = name === "janitor";
  const look =
    place === "cluster" && isJanitor ? asCronJob : { host: onHost, docker: inDocker, cluster: inCluster }[place];
  const seen = await look(stack, part).catch((error: Error) => ({ isRunning: false, detail: error.message }));
  const round = isJanitor && { round: await lastRoundOf(stack).catch(() => undefined) };
  const newest = name === "backup" && { newest: lastBackupOf(stack) };
  return { name, what, since: undefined, detail: undefined, ...seen, ...round, ...newest };
}

type Seen = Partial<PartState> & { isRunning: boolean };

async function onHost(stack: LiveStack, { name }: Placed): Promise<Seen> {
  const service = identify({ stack: stack.name, service: name, dataDir: stack.settings.dataDir });
  const there = await running(service);
  // Its first words are the supervisor's name; the rest is for docs/supervision.md.
  const detail = stack.outputs.supervision[name]?.split(":")[0];
  if (!there) return { isRunning: false, detail: "ended, or changed by somebody" };
  return {
    isRunning: true,
    what: `process ${there.pid}`,
    since: startedAt(there.pid)?.toISOString(),
    detail: `supervisor ${detail}`,
  };
}

async function inDocker({ settings }: LiveStack, { container = "" }: Placed): Promise<Seen> {
  interface State {
    Running: boolean;
    StartedAt: string;
    Status: string;
    Health?: { Status: string };
  }
  const state = ["container", "inspect", "--format", "{{json .State}}", container];
  const { Running, StartedAt, Status, Health } = JSON.parse(
    await dockerSays(settings.dockerContext, ...state),
  ) as State;
  return { isRunning: Running, ...(Running && { since: StartedAt }), detail: Health?.Status ?? Status };
}

async function inCluster({ name: stack, settings }: LiveStack, { name }: Placed): Promise<Seen> {
  interface Pod {
    status: { startTime?: string; conditions?: { type: string; status: string }[] };
  }
  if (name === "backup") throw new Error("backups are taken by this machine");
  const target = { context: settings.kubeContext ?? "", kubeconfig: settings.kubeconfig };
  const get = ["--namespace", namespaceOf(stack), "get", "pods", "--selector", selectorText(name), "--output", "json"];
  const { items } = JSON.parse(await kubectlSays(target, ...get)) as { items: Pod[] };
  const ready = items.filter(({ status }) =>
    status.conditions?.some((each) => each.type === "Ready" && each.status === "True"),
  );
  const [first] = ready.map(({ status }) => status.startTime).sort();
  return {
    isRunning: ready.length > 0,
    ...(first && { since: first }),
    detail: `${ready.length} of ${items.length} pods ready`,
  };
}

/** A job that begins at its times, so that it runs as long as nobody has suspended it. */
async function asCronJob(stack: LiveStack): Promise<Seen> {
  const job = await cronJobOf(stack);
  if (!job) return { isRunning: false, detail: "it is not there" };
  return job.spec.suspend ? { isRunning: false, detail: "suspended" } : { isRunning: true };
}
