import { readdirSync } from "node:fs";
import { Problem } from "../problem.ts";
import {
  maintenancePod,
  serverDataFolder,
  snapshotPort,
  sqliteFile,
  versionPod,
  workFolder,
} from "../render/maintenance-pod.ts";
import { pathOf } from "../runtime-files.ts";
import { selectorText } from "../stack/kubernetes-names.ts";
import type { KubernetesPlace } from "../stack/stores.ts";
import type { DataAnswer, DataPrograms, DataRequest, StackData } from "./data.ts";
import { answerOf, withPrograms } from "./data-programs.ts";
import { getObject, kubectl, kubectlFor } from "./kubectl.ts";

interface Pod {
  status: {
    phase: string;
    conditions?: { type: string; status: string; message?: string }[];
    containerStatuses?: { state: { waiting?: { reason: string; message?: string } } }[];
  };
}

const inNode = "--container=node";

/**
 * The data of a stack in a cluster: on a claim, or in a Postgres. Programs run in a pod that exists as long as they do, and
 * mounts the claim or has a psql.
 */
export function kubernetesData({ image, history, ...target }: KubernetesPlace): StackData {
  const onClaim = "claim" in history;
  const database = onClaim ? sqliteFile : { psql: workFolder };
  const images = `\`upkeepImage\` ${image}${onClaim ? "" : ` and \`databaseImage\` ${history.postgresImage}`}`;
  const serverRuns = async () =>
    (await kubectl(target, ["get", "pods", "--selector", selectorText("server"), "--output=name"])) !== "";

  /** Calls `use` with the name of a pod that exists for as long as that takes. */
  async function withPod<T>(manifest: object, use: (pod: string) => Promise<T>): Promise<T> {
    const input = JSON.stringify(manifest);
    const created = await kubectl(target, ["create", "--filename=-", "--output=name"], { input });
    try {
      return await use(created.replace(/^pod\//, ""));
    } finally {
      // Without a grace period, because nothing in it has to end in good order, and the server may need the claim.
      const now = ["--ignore-not-found", "--grace-period=1", "--timeout=60s"];
      await kubectl(target, ["delete", created, ...now]).catch((error: Error) =>
        console.error(`warning: ${created} is left in namespace ${target.namespace} (${error.message})`),
      );
    }
  }

  async function waitFor(pod: string, condition: string, what: string): Promise<void> {
    await kubectl(target, ["wait", `pod/${pod}`, `--for=${condition}`, "--timeout=180s"]).catch(async () => {
      const found = await getObject<Pod>(target, `pod/${pod}`);
      const reason = found ? reasonOf(found) : "it is gone";
      throw new Problem(`a pod of ${what} does not run in namespace ${target.namespace}: ${reason}`);
    });
  }

  return {
    database,
    previousAt: (name) => (onClaim ? `${serverDataFolder}/${name}` : name),

    async runNextToData<P extends keyof DataPrograms>(program: P, request: DataRequest<P>, files?: string) {
      const manifest = maintenancePod({ image, history, serverRuns: onClaim && (await serverRuns()) });
      return await withPod(manifest, async (pod) => {
        await waitFor(pod, "condition=Ready", images);
        const folder = `${workFolder}/files`;
        const copy = (...args: string[]) => kubectl(target, ["cp", "--no-preserve", inNode, ...args]);
        await withPrograms((programs) => copy(programs, `${pod}:${workFolder}/upkeep`));
        const brings = files !== undefined && readdirSync(files).length > 0;
        if (brings) await copy(files, `${pod}:${folder}`);
        else await kubectl(target, ["exec", pod, inNode, "--", "mkdir", folder]);
        const { command, args } = kubectlFor(target);
        const node = ["exec", "--stdin", pod, inNode, "--", "node", `${workFolder}/upkeep/${pathOf(program)}`];
        const whole = { ...request, database, folder, snapshotPort };
        const answer = await answerOf<DataAnswer<P>>(command, [...args, ...node], whole);
        if (files && !brings) await copy("--retries=5", `${pod}:${folder}`, files);
        return answer;
      });
    },

    async serverVersion() {
      const server = onClaim ? "statefulset/inngest" : "deployment/inngest";
      return await kubectl(target, ["exec", server, "--container=inngest", "--", "inngest", "version"]);
    },

    versionIn: (image) =>
      withPod(versionPod(image), async (pod) => {
        await waitFor(pod, "jsonpath={.status.phase}=Succeeded", `the image ${image}`);
        return await kubectl(target, ["logs", pod]);
      }),
  };
}

function reasonOf({ status: { phase, conditions, containerStatuses } }: Pod): string {
  const unscheduled = conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message;
  const waiting = containerStatuses?.find(({ state }) => state.waiting)?.state.waiting;
  return unscheduled ?? (waiting ? `${waiting.reason}: ${waiting.message ?? ""}` : `it is ${phase}`);
}
