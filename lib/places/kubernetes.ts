import type { LastSweep, SweepReport } from "../data/requests.ts";
import { run } from "../process.ts";
import { namespaceOf, selectorOf, selectorText } from "../stack/kubernetes-names.ts";
import type { Part, PartName } from "../stack/parts.ts";
import { ask, getObject, getObjects, kubectl, kubectlFor, type Target } from "./kubectl.ts";
import { type Place, sizeInContainer } from "./place.ts";

/** Annotation with the number of pods that a stopped part had, so that it outlives a command that is killed. */
const replicasAnnotation = "inngest-local/replicas";

/** What keeps a part's pods running. */
interface Owner {
  metadata: { annotations?: Record<string, string> };
  spec: { replicas: number };
}

interface Pod {
  status: { startTime?: string; conditions?: { type: string; status: string }[] };
}

interface Service {
  metadata: { name: string };
  spec: { type: string; selector?: Record<string, string>; ports?: { port: number; nodePort?: number }[] };
}

interface CronJob {
  spec: { suspend?: boolean };
  status: { active?: unknown[]; lastScheduleTime?: string; lastSuccessfulTime?: string };
}

type PodPart = Exclude<PartName, "backup">;

/** A namespace of a cluster, where parts are pods. */
export function kubernetesPlace({ stack, context, kubeconfig }: Target & { stack: string }): Place {
  const target: Target = { context, kubeconfig, namespace: namespaceOf(stack) };
  const podsOf = ({ name }: Part) => ["--selector", selectorText(name as PodPart)];
  const describe = ({ name }: Part) => (name === "janitor" ? "cron job janitor" : `pods of the ${name}`);
  const cronJob = () => getObject<CronJob>(target, "cronjob/janitor");
  const exec: Place["exec"] = (part, command, input) => {
    const stdin = input === undefined ? [] : ["--stdin"];
    return kubectl(target, ["exec", ...stdin, ownerOf(part), "--", ...command], { input });
  };
  const findOwner = (part: Part) => getObject<Owner>(target, ownerOf(part));
  const rollOut = (part: Part) => kubectl(target, ["rollout", "status", ownerOf(part), "--timeout=180s"]);
  const logs: Place["logs"] = async (part, { lines, follow }) => {
    if (!(await ask(target, ["get", "pods", ...podsOf(part), "--output", "name"]))) return undefined;
    const { command, args } = kubectlFor(target);
    const shape = [`--tail=${lines}`, "--all-containers", "--ignore-errors", "--max-log-requests=50"];
    return [command, ...args, "logs", ...podsOf(part), ...shape, ...(follow ? ["--follow"] : [])];
  };

  async function scaleUp(part: Part, { metadata, spec }: Owner): Promise<void> {
    const former = metadata.annotations?.[replicasAnnotation];
    if (spec.replicas > 0 && former === undefined) return;
    const wanted = Number(former ?? 1);
    const scaleTo = (replicas: number) => kubectl(target, ["scale", ownerOf(part), `--replicas=${replicas}`]);
    if (spec.replicas === 0) await scaleTo(1);
    if (wanted > 1) {
      // One server migrates the database of an older version: several at once would do so side by side.
      if (part.name === "server") await rollOut(part).catch(() => undefined);
      await scaleTo(wanted);
    }
    await kubectl(target, ["annotate", ownerOf(part), `${replicasAnnotation}-`]);
  }

  async function removePods(part: Part): Promise<void> {
    const now = ["--grace-period=0", "--force", "--wait=true"];
    await kubectl(target, ["delete", "pod", ...podsOf(part), ...now]);
  }

  return {
    describe,

    async state(part) {
      const what = describe(part);
      if (part.name === "janitor") {
        const job = await cronJob();
        if (!job) return { isRunning: false, what, detail: "it does not exist" };
        return job.spec.suspend ? { isRunning: false, what, detail: "suspended" } : { isRunning: true, what };
      }
      const pods = await getObjects<Pod>(target, ["pods", ...podsOf(part)]);
      const ready = pods.filter(({ status }) =>
        status.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
      );
      const [since] = ready.flatMap(({ status }) => status.startTime ?? []).sort();
      const detail = `${ready.length} of ${pods.length} pods ready`;
      return { isRunning: ready.length > 0, what, since, detail };
    },

    logs,
    exec,

    async listeners(parts) {
      const services = await getObjects<Service>(target, ["services"]);
      return services
        .filter(({ spec: { type } }) => type !== "ClusterIP")
        .flatMap(({ metadata, spec: { type, selector = {}, ports = [] } }) =>
          ports.map(({ port, nodePort }) => ({
            who: `service ${metadata.name} (${type})`,
            part: parts.find((part) => selects(selector, part)),
            host: "every node",
            port: nodePort ?? port,
          })),
        );
    },

    size: (part) => sizeInContainer(exec, part),

    async start(part) {
      if (part.name === "janitor") return true;
      const owner = await findOwner(part);
      if (!owner) return false;
      await scaleUp(part, owner);
      // What does not get ready, the next `up` repairs or reports.
      await rollOut(part).catch(() => undefined);
      return true;
    },

    async stop(part) {
      if (part.name === "janitor") {
        await kubectl(target, ["delete", "jobs,pods", ...podsOf(part), "--ignore-not-found"]);
        return;
      }
      const owner = await findOwner(part);
      if (!owner) return;
      if (owner.spec.replicas > 0) {
        const annotation = `${replicasAnnotation}=${owner.spec.replicas}`;
        await kubectl(target, ["annotate", ownerOf(part), "--overwrite", annotation]);
        await kubectl(target, ["scale", ownerOf(part), "--replicas=0"]);
      }
      await kubectl(target, ["wait", "pod", ...podsOf(part), "--for=delete", "--timeout=180s"]);
    },

    kill: removePods,
    remove: removePods,

    async lastSweep(janitor) {
      const ofJob = sweepOfJob((await cronJob())?.status ?? {});
      // A job that failed reports nothing.
      if (ofJob?.failed) return ofJob;
      const [program, ...args] = (await logs(janitor, { lines: logLines, follow: false })) ?? [];
      return (program && reportIn(await run(program, args))) || ofJob;
    },
  };
}

/** Lines of the janitor's log in which its report is looked for: warnings may follow it. */
const logLines = 50;

/** The object that keeps a part's pods running, as kubectl takes it. */
function ownerOf({ name, keeps }: Part): string {
  if (name === "queue" || name === "database") return `statefulset/${name}`;
  if (name === "server") return keeps === "history" ? "statefulset/inngest" : "deployment/inngest";
  return `deployment/${name}`;
}

/** Whether a Service leads to the pods of exactly this part. */
function selects(selector: Record<string, string>, { name }: Part): boolean {
  return Object.entries(selectorOf(name as PodPart)).every(([label, value]) => selector[label] === value);
}

/** What a CronJob's status says of its last sweep: the last that succeeded, unless one has failed since. */
export function sweepOfJob(status: CronJob["status"]): LastSweep | undefined {
  const { active = [], lastScheduleTime, lastSuccessfulTime } = status;
  if (active.length === 0 && lastScheduleTime && lastScheduleTime > (lastSuccessfulTime ?? "")) {
    return { at: lastScheduleTime, failed: "its job did not succeed" };
  }
  return lastSuccessfulTime ? { at: lastSuccessfulTime } : undefined;
}

/** The last report in the log of the janitor's pods, where a line of JSON is one. */
export function reportIn(log: string): LastSweep | undefined {
  const line = log.split("\n").findLast((each) => each.startsWith("{"));
  if (line === undefined) return undefined;
  // The log has the number of orphaned runs in place of their ids.
  const { orphaned, ...report } = JSON.parse(line) as Omit<SweepReport, "orphaned"> & { orphaned: number };
  return { at: report.at, report: { ...report, orphaned: Array<string>(orphaned).fill("") } };
}
