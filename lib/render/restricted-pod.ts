import { stopGraceSeconds } from "../stack/stop-grace.ts";

/** A volume of a pod, and where a container mounts it. */
export interface Folder {
  volume: { name: string };
  mount: { name: string; mountPath: string; readOnly?: boolean };
}

/** An empty folder, deleted with the pod. */
export function scratch(name: string, path: string) {
  return { volume: { name, emptyDir: {} }, mount: { name, mountPath: path } };
}

export function pvcVolume<Name>(name: string, path: string, claimName: Name) {
  return { volume: { name, persistentVolumeClaim: { claimName } }, mount: { name, mountPath: path } };
}

/** Files of a Secret, which only the pod's group can read. */
export function secretFiles<Name>(name: string, path: string, secretName: Name) {
  return {
    volume: { name, secret: { secretName, defaultMode: 0o440 } },
    mount: { name, mountPath: path, readOnly: true },
  };
}

/** Files of a ConfigMap. @param items Where each key is put. @default a file per key */
export function configFiles<Name>(
  name: string,
  path: string,
  configMapName: Name,
  items?: { key: string; path: string }[],
) {
  return {
    volume: { name, configMap: { name: configMapName, ...(items && { items }) } },
    mount: { name, mountPath: path, readOnly: true },
  };
}

/** Security context of a container in a {@link restrictedPod}. */
export const restrictedContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * Specification of a pod that meets the Pod Security Standard `restricted`. Its volumes are its containers' folders.
 * Fields of a container take precedence over the restricted defaults.
 *
 * @param user Numeric id of user and group.
 */
export function restrictedPod<Container extends { folders?: Folder[] }>(
  user: number,
  containers: Container[],
  initContainers: Container[] = [],
) {
  const folders = [...containers, ...initContainers].flatMap((container) => container.folders ?? []);
  const volumes = new Map(folders.map(({ volume }) => [volume.name, volume]));
  return {
    automountServiceAccountToken: false,
    // A Service named like the program would set its variables: `inngest` sets INNGEST_PORT, the server's own port.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: stopGraceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(initContainers.length > 0 && { initContainers: initContainers.map(restricted) }),
    containers: containers.map(restricted),
    ...(volumes.size > 0 && { volumes: [...volumes.values()] }),
  };
}

function restricted<Container extends { folders?: Folder[] }>({ folders, ...container }: Container) {
  return {
    // Image tags are pinned, and an image that was imported into the cluster cannot be pulled.
    imagePullPolicy: "IfNotPresent",
    securityContext: restrictedContext,
    ...container,
    ...(folders && { volumeMounts: folders.map(({ mount }) => mount) }),
  };
}

/** Checks every second for up to two minutes while a container starts; only then do the other probes begin. */
export function startupProbe<Check extends object>(check: Check) {
  return { ...check, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 };
}

/** The three probes of a container, all with the same check. */
export function probes<Check extends object>(check: Check) {
  return {
    startupProbe: startupProbe(check),
    readinessProbe: { ...check, periodSeconds: 5, timeoutSeconds: 5 },
    livenessProbe: { ...check, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

/** Delays SIGTERM: a stopping pod gets new connections until every node has removed it from its Service. */
export function preStopSleep(seconds: number) {
  return { preStop: { exec: { command: ["sleep", String(seconds)] } } };
}
