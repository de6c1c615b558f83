import { readdirSync } from "node:fs";
import { execa } from "execa";
import { Problem } from "../problem.ts";
import {
  dataFolder,
  maintenancePod,
  snapshotPort,
  sqliteFile,
  versionPod,
  workFolder,
} from "../render/maintenance-pod.ts";
import { type KubernetesPart, selectorOf } from "../stack/kubernetes-names.ts";
import type { KubernetesPlace } from "../stack/stores.ts";
import { removeServices } from "./host-site.ts";
import { kubectlFor } from "./kubectl.ts";
import { answered, withScripts } from "./scripts.ts";
import type { Site } from "./site.ts";

type Scaled = "queue" | "server" | "worker" | "gateway";

/** Annotation with the number of pods that what is stopped had, so that a command that was killed is no loss of it. */
const remembered = "inngest-local/replicas";

interface Owner {
  metadata: { annotations?: Record<string, string> };
  spec: { replicas: number };
}

interface PodState {
  status: {
    phase: string;
    conditions?: { type: string; status: string; message?: string }[];
    containerStatuses?: { state: { waiting?: { reason: string; message?: string } } }[];
  };
}

/**
 * Where the data are on a claim, or in a Postgres: they are worked on in a pod that mounts the one, or has a psql on the
 * other, for as long as the work lasts.
 */
export function kubernetesSite(
  stack: string,
  { namespace, image, history, ...target }: KubernetesPlace,
  dataDir?: string,
): Site {
  const onClaim = "claim" in history;
  /** What runs a part's pods. */
  const owners: Record<Scaled, string> = {
    queue: "statefulset/queue",
    server: onClaim ? "statefulset/inngest" : "deployment/inngest",
    worker: "deployment/worker",
    gateway: "deployment/gateway",
  };
  const { command, args } = kubectlFor(target);
  const fixed = [...args, "--namespace", namespace];
  const kubectl = async (args: string[], input?: object) => {
    const { exitCode, stdout, stderr } = await execa(command, [...fixed, ...args], {
      input: JSON.stringify(input),
      reject: false,
    });
    if (exitCode !== 0) throw new Problem(`kubectl ${args[0]}: ${stderr.trim().split("\n").at(-1)}`);
    return stdout.trim();
  };
  const podsOf = (part: KubernetesPart) =>
    Object.entries(selectorOf(part)).map(([label, value]) => `--selector=${label}=${value}`);
  const serverRuns = async () => (await kubectl(["get", "pods", ...podsOf("server"), "--output=name"])) !== "";

  /** Calls `use` with the name of a pod that is there for as long as that takes. */
  const withPod = async <T>(manifest: object, use: (pod: string) => Promise<T>): Promise<T> => {
    const created = await kubectl(["create", "--filename=-", "--output=name"], manifest);
    try {
      return await use(created.replace(/^pod\//, ""));
    } finally {
      // Nothing in it has to end in good order any more. The server may need the claim on another node.
      await kubectl(["delete", created, "--ignore-not-found", "--grace-period=1", "--timeout=60s"]).catch(
        (error: Error) => console.error(`warning: ${created} is left in namespace ${namespace} (${error.message})`),
      );
    }
  };
  const untilIt = async (pod: string, condition: string, needed: string) => {
    await kubectl(["wait", `pod/${pod}`, `--for=${condition}`, "--timeout=180s"]).catch(async () => {
      const { status } = JSON.parse(await kubectl(["get", "pod", pod, "--output=json"])) as PodState;
      const waiting = status.containerStatuses?.find(({ state }) => state.waiting)?.state.waiting;
      const why = status.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message;
      const said = why ?? (waiting ? `${waiting.reason}: ${waiting.message ?? ""}` : `it is ${status.phase}`);
      throw new Problem(`a pod of ${needed} does not run in namespace ${namespace}: ${said}`);
    });
  };

  const ownerOf = async (part: Scaled): Promise<Owner | undefined> => {
    const found = await kubectl(["get", owners[part], "--ignore-not-found", "--output=json"]);
    return found ? (JSON.parse(found) as Owner) : undefined;
  };
  const scaleDown = async (part: Scaled) => {
    const owner = await ownerOf(part);
    if (!owner) return;
    if (owner.spec.replicas > 0) {
      await kubectl(["annotate", owners[part], "--overwrite", `${remembered}=${owner.spec.replicas}`]);
      await kubectl(["scale", owners[part], "--replicas=0"]);
    }
    await kubectl(["wait", "pod", ...podsOf(part), "--for=delete", "--timeout=180s"]);
  };
  const scaleUp = async (part: Scaled) => {
    const owner = await ownerOf(part);
    if (!owner) return;
    const before = owner.metadata.annotations?.[remembered];
    if (owner.spec.replicas > 0 && before === undefined) return;
    const wanted = Number(before ?? 1);
    // What does not get ready the next `up` mends, or tells.
    const untilReady = () => kubectl(["rollout", "status", owners[part], "--timeout=180s"]).catch(() => undefined);
    const scaleTo = (replicas: number) => kubectl(["scale", owners[part], `--replicas=${replicas}`]);
    if (owner.spec.replicas === 0) await scaleTo(1);
    if (wanted > 1) {
      // A database of an older version is migrated by one server: several at once are not kept apart.
      if (part === "server") await untilReady();
      await scaleTo(wanted);
    }
    await kubectl(["annotate", owners[part], `${remembered}-`]);
    await untilReady();
  };
  const manifest = async () => maintenancePod({ image, history, serverRuns: onClaim && (await serverRuns()) });
  const needed = `\`upkeepImage\` ${image}${onClaim ? "" : ` and \`databaseImage\` ${history.postgresImage}`}`;

  return {
    database: onClaim ? sqliteFile : { psql: workFolder },
    aside: (name) => (onClaim ? `${dataFolder}/${name}` : name),

    async run(script, order, files) {
      return await withPod(await manifest(), async (pod) => {
        await untilIt(pod, "condition=Ready", needed);
        const folder = `${workFolder}/files`;
        const brought = files !== undefined && readdirSync(files).length > 0;
        await withScripts((scripts) =>
          kubectl(["cp", "--no-preserve", "--container=node", scripts, `${pod}:${workFolder}/upkeep`]),
        );
        if (brought) await kubectl(["cp", "--no-preserve", "--container=node", files, `${pod}:${folder}`]);
        else await kubectl(["exec", pod, "--container=node", "--", "mkdir", folder]);
        const node = [
          "exec",
          "--stdin",
          pod,
          "--container=node",
          "--",
          "node",
          `${workFolder}/upkeep/runtime/${script}.ts`,
        ];
        const answer = await answered(command, [...fixed, ...node], { ...order, folder, snapshotPort });
        if (files && !brought)
          await kubectl(["cp", "--no-preserve", "--container=node", "--retries=5", `${pod}:${folder}`, files]);
        return answer as never;
      });
    },
    async serverVersion() {
      return await kubectl(["exec", owners.server, "--container=inngest", "--", "inngest", "version"]);
    },
    async versionIn(image) {
      return await withPod(versionPod(image), async (pod) => {
        await untilIt(pod, "jsonpath={.status.phase}=Succeeded", `the image ${image}`);
        return await kubectl(["logs", pod]);
      });
    },
    async stop() {
      await removeServices(stack, dataDir, "backup");
      await scaleDown("server");
      // None comes anew beside no server.
      await kubectl(["delete", "jobs,pods", ...podsOf("janitor"), "--ignore-not-found"]);
    },
    async start() {
      for (const part of ["queue", "server", "worker", "gateway"] as const) await scaleUp(part);
    },
    closeDoor: () => scaleDown("gateway"),
    async stopWorker() {
      await scaleDown("worker");
      await removeServices(stack, dataDir, "worker");
    },
    stopQueue: () => scaleDown("queue"),
    startQueue: () => scaleUp("queue"),
  };
}
