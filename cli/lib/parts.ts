import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, startTimeOf } from "../../lib/host/processes.ts";
import { readRecord } from "../../lib/host/records.ts";
import { running } from "../../lib/host/supervisors/index.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import { dockerSays } from "../../lib/places/docker-engine.ts";
import type { Target } from "../../lib/places/kubectl.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { Problem } from "../../lib/problem.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { namespaceOf, selectorText } from "../../lib/stack/kubernetes-names.ts";
import { until } from "./checks/patience.ts";
import type { LiveStack } from "./live-stack.ts";

export const partNames = ["server", "worker", "queue", "database", "gateway"] as const;
export type PartName = (typeof partNames)[number];
/** Postgres is a part of its own in a cluster alone. */
type DockerPartName = Exclude<PartName, "database">;

/** Something of a stack, and where it runs. */
export interface Placed {
  name: PartName | "janitor" | "backup";
  place: "host" | "docker" | "cluster";
  /** For people: `container inngest-persistent-server`. */
  what: string;
  /** Its name in Docker. */
  container?: string;
}

/** A part of a stack that its runs need, as it can be killed and brought back. */
export interface Part extends Placed {
  name: PartName;
  /** Ends it as a crash would, by SIGKILL. */
  kill(): Promise<void>;
  /** Brings it back in the way of its tier; done when it runs again. */
  revive(): Promise<void>;
  /** Takes the container or the pod away; absent where there is none. */
  remove?(): Promise<void>;
}

/** Seconds for a supervisor or a cluster to bring back what was killed. */
const patienceSeconds = 180;

/**
 * The parts that the stack itself runs, each after those that it needs: neither an app of the user's own nor a Redis or a
 * Postgres of theirs.
 */
export function partsOf(stack: LiveStack): Part[] {
  const { workerPlacement, durable, redisUrl, postgresUrl } = stack.settings;
  const of: (stack: LiveStack, name: DockerPartName) => Part =
    stack.tier === "process" ? onHost : stack.tier === "docker" ? inDocker : inCluster;
  const hasQueue = stack.tier !== "process" && !redisUrl && (stack.tier !== "docker" || durable === "true");
  const hasDatabase = stack.tier === "cluster" && !postgresUrl;
  return [
    ...(hasDatabase ? [inCluster(stack, "database")] : []),
    ...(hasQueue ? [of(stack, "queue")] : []),
    of(stack, "server"),
    // The server's port is published nowhere where it stands in front.
    ...(stack.outputs.dashboardPassword ? [of(stack, "gateway")] : []),
    ...(stack.isExternal ? [] : [workerPlacement === "container" ? of(stack, "worker") : onHost(stack, "worker")]),
  ];
}

function onHost(stack: LiveStack, name: PartName): Part {
  const service = identify({ stack: stack.name, service: name, dataDir: stack.settings.dataDir });
  return {
    name,
    place: "host",
    what: `process of the ${name}`,
    async kill() {
      const there = await running(service);
      if (!there) {
        throw new Problem(`the ${name} does not run as it was left`, `npm start -- --stack ${stack.name}`);
      }
      const mark = { pid: there.pid, startTime: startTimeOf(there.pid) ?? "" };
      process.kill(there.pid, "SIGKILL");
      while (isRunning(mark)) await sleep(20);
    },
    async revive() {
      if (await running(service)) return;
      const supervisor = readRecord(service.record)?.supervisor ?? "none";
      // Nothing watches over it: that is what `pulumi up` is for.
      if (supervisor === "none") return await stack.pulumi.quietUp(stack.name);
      if (await until(patienceSeconds, () => running(service))) return;
      throw new Problem(`${supervisor} has not brought the ${name} back within ${patienceSeconds} s`);
    },
  };
}

function inDocker(stack: LiveStack, name: DockerPartName): Part {
  const container = dockerNames(stack.name)[name];
  const docker = (...args: string[]) => dockerSays(stack.settings.dockerContext, ...args);
  return {
    name,
    place: "docker",
    what: `container ${container}`,
    container,
    async kill() {
      await docker("kill", container);
    },
    async revive() {
      // A kill by Docker's own command counts as a stop by hand, after which no restart policy acts.
      const isThere = await docker("container", "inspect", container).catch(() => undefined);
      if (isThere) await docker("start", container);
      else await stack.pulumi.quietUp(stack.name, ["--refresh"]);
    },
    async remove() {
      await docker("rm", "--force", container);
    },
  };
}

function inCluster(stack: LiveStack, name: PartName): Part {
  const { kubeContext = "", kubeconfig } = stack.settings;
  const target: Target = { context: kubeContext, kubeconfig };
  const of = ["--selector", selectorText(name)];
  const fixed = ["--namespace", namespaceOf(stack.name)];
  const remove = async () => {
    const now = ["--grace-period=0", "--force", "--wait=true"];
    await kubectlSays(target, ...fixed, "delete", "pod", ...of, ...now);
  };
  return {
    name,
    place: "cluster",
    what: `pods of the ${name}`,
    kill: remove,
    async revive() {
      const ready = ["wait", "pod", ...of, "--for=condition=Ready", "--timeout=5s"];
      if (await until(patienceSeconds, () => kubectlSays(target, ...fixed, ...ready), 1000)) return;
      throw new Problem(`the cluster has not brought the ${name} back within ${patienceSeconds} s`);
    },
    remove,
  };
}
