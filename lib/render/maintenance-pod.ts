import { pipes, psqlFlags } from "../data/psql-pipes.ts";
import { partLabels, selectorOf } from "../stack/kubernetes-names.ts";
import type { ClaimedHistory, DatabaseHistory } from "../stack/stores.ts";
import { type Folder, pvcVolume, restrictedPod, scratch } from "./restricted-pod.ts";
import { commonVariables } from "./server-options.ts";

/** Folder of the server's data, in its own pod and in maintenance pods. */
export const serverDataFolder = "/data";

export const sqliteFile = `${serverDataFolder}/main.db`;

/** Folder of a maintenance pod for scripts and files, deleted with the pod. */
export const workFolder = "/work";

/** Port of a maintenance pod from which Redis fetches the queue during a restore. */
export const snapshotPort = 6380;

/** User that owns the server's files. */
export const serverUser = 1000;

/** Resources of each container that works on the data. */
export const maintenanceResources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } };

/** Seconds after which a pod ends whose command was killed. */
const lifetime = 6 * 3600;

/**
 * Affinity to the server's node, the only one that can mount its volume. While no server runs, such a pod stays pending:
 * a restore, which stops the server, must be alone with the data.
 */
export const nextToServer = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: selectorOf("server") } },
    ],
  },
};

export interface MaintenancePodArgs {
  /** Image with Node. */
  image: string;
  history: ClaimedHistory | DatabaseHistory;
  /** Run on the server's node, which holds the volume. */
  serverRuns: boolean;
}

/**
 * Manifest of a short-lived pod in which commands run through `kubectl exec`: with the server's volume, or with a psql
 * that is connected to its Postgres.
 */
export function maintenancePod({ image, history, serverRuns }: MaintenancePodArgs): object {
  const shared = [scratch("work", workFolder), scratch("tmp", "/tmp")];
  const node = { name: "node", image, command: ["sleep", String(lifetime)] };
  if (!("claim" in history)) return ephemeralPod([{ ...node, folders: shared }, psqlContainer(history, shared)]);
  const folders = [pvcVolume("data", serverDataFolder, history.claim), ...shared];
  return ephemeralPod([{ ...node, folders }], serverRuns ? { affinity: nextToServer } : {});
}

/** Manifest of a pod that prints the version of the server in an image. */
export function versionPod(image: string): object {
  const env = [{ name: "DO_NOT_TRACK", value: commonVariables.DO_NOT_TRACK }];
  return ephemeralPod([{ name: "inngest", image, command: ["inngest", "version"], env }]);
}

/** Manifest of a pod that a command creates and deletes. */
function ephemeralPod(containers: { folders?: Folder[]; [field: string]: unknown }[], spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "upkeep-", labels: partLabels("upkeep") },
    spec: {
      ...restrictedPod(
        serverUser,
        containers.map((container) => ({ resources: maintenanceResources, ...container })),
      ),
      restartPolicy: "Never",
      activeDeadlineSeconds: lifetime,
      ...spec,
    },
  };
}

/**
 * A psql for the other containers of a pod, which reach it by pipes in {@link workFolder}; it ends with their connection.
 * `folders` must include that folder.
 */
export function psqlContainer<Text>(
  { postgresImage: image, secret }: Record<keyof DatabaseHistory, Text>,
  folders: Folder[],
) {
  const { input, output } = pipes;
  const script = [`mkfifo -m 600 ${input} ${output}`, `exec psql ${psqlFlags.join(" ")} <${input} >${output} 2>&1`];
  return {
    name: "psql",
    image,
    command: ["bash", "-euc", script.join("\n")],
    workingDir: workFolder,
    envFrom: [{ secretRef: { name: secret } }],
    folders,
  };
}
