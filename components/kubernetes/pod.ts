import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { stopGraceSeconds } from "../../lib/stack/stop-grace.ts";

/** Parts of an installation; each is a label on its pods, a set of network rules and a name within the namespace. */
export type Part = "gateway" | "server" | "migration" | "queue" | "database" | "janitor" | "upkeep" | "worker";

/** Every object of a stack is in a namespace of its own, so that names within it need not carry the stack's. */
export function namespaceOf(stack: string): string {
  return `inngest-${stack}`;
}

/** Label on the namespace; its value is the stack's name. */
export const stackLabel = "inngest-local/stack";

export function selectorOf(part: Part): Record<string, string> {
  return { "app.kubernetes.io/component": part };
}

/** The same as kubectl wants it. */
export function selectorText(part: Part): string {
  return Object.entries(selectorOf(part))
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
}

export function labelsOf(part: Part): Record<string, string> {
  return { "app.kubernetes.io/name": "inngest", "app.kubernetes.io/part-of": "inngest-local", ...selectorOf(part) };
}

/** What the Pod Security Standard `restricted` asks of a pod, and what no part of ours needs. */
export function restrictedPod(user: number) {
  return {
    automountServiceAccountToken: false,
    // A Service named like the program would set its variables: `inngest` sets INNGEST_PORT, which is the server's port.
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
  } satisfies Partial<k8s.types.input.core.v1.PodSpec>;
}

/** The same of each of its containers. */
export const restrictedContainer = {
  // Images have pinned tags; a cluster that was given one by import cannot pull it.
  imagePullPolicy: "IfNotPresent",
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
} satisfies Partial<k8s.types.input.core.v1.Container>;

/** Looked at every second for two minutes while a container starts, which a first readiness check then needs not wait for. */
export function startupProbe(check: k8s.types.input.core.v1.Probe): k8s.types.input.core.v1.Probe {
  return { ...check, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 };
}

/** Looked at while it starts, then for whether it may have work, and seldom for whether it has to start again. */
export function watched(check: k8s.types.input.core.v1.Probe) {
  return {
    startupProbe: startupProbe(check),
    readinessProbe: { ...check, periodSeconds: 5, timeoutSeconds: 5 },
    livenessProbe: { ...check, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

/** Goes on as it is between the word to stop and SIGTERM, in which time others hear of it. */
export function stopsAfter(seconds: number): k8s.types.input.core.v1.Lifecycle {
  return { preStop: { exec: { command: ["sleep", String(seconds)] } } };
}

/** A new pod before an old one goes. */
export const oneMoreWhileRolling = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

/** An empty folder of the pod's, gone with it. */
export function scratch(name: string, path: string) {
  return { volume: { name, emptyDir: {} }, mount: { name, mountPath: path } };
}

/** The folder of a claim. */
export function claimed(name: string, path: string, claimName: pulumi.Input<string>) {
  return { volume: { name, persistentVolumeClaim: { claimName } }, mount: { name, mountPath: path } };
}

/** Files of a Secret, readable by the pod's group only. */
export function secretFiles(name: string, path: string, secretName: pulumi.Input<string>) {
  return {
    volume: { name, secret: { secretName, defaultMode: 0o440 } },
    mount: { name, mountPath: path, readOnly: true },
  };
}

/**
 * Annotation of what has the number of pods that `up` says, also when somebody has scaled it since: without it the API
 * server refuses a number that another has set.
 */
export const ownNumber = { "pulumi.com/patchForce": "true" };

/**
 * Annotation of what `up` need not wait for. For a Service's endpoints to settle the provider waits 10 s and more, and
 * the pods behind it are awaited by themselves.
 */
export const withoutWaiting = { "pulumi.com/skipAwait": "true" };
