import type { Properties, Resource } from "../resource.ts";

/** A resource at the top of the stack, unless `options` has another `typeChain`. */
export function resource(type: string, properties: Properties, options: Partial<Resource> = {}): Resource {
  return { type, typeChain: type, properties, protect: false, additionalSecretOutputs: [], ...options };
}

export function container(properties: Properties): Resource {
  return resource("docker:index/container:Container", { name: "it", ...properties });
}

export function command(properties: Properties, options: Partial<Resource> = {}): Resource {
  return resource("command:local:Command", properties, options);
}

export function service(properties: { name?: string; ports?: Properties[] }): Resource {
  const { name, ports = [{ port: 8288 }] } = properties;
  return resource("kubernetes:core/v1:Service", { metadata: { ...(name ? { name } : {}) }, spec: { ports } });
}

export function secret(stringData: Record<string, string>): Resource {
  return resource("kubernetes:core/v1:Secret", { metadata: {}, stringData });
}

/** A StatefulSet with one container. */
export function statefulSet(container: Properties, pod: Properties = {}, spec: Properties = {}): Resource {
  const template = { spec: { ...pod, containers: [{ name: "it", ...container }] } };
  return resource("kubernetes:apps/v1:StatefulSet", { metadata: { name: "it" }, spec: { ...spec, template } });
}

export const bareKey = "0123456789abcdef".repeat(4);
export const prefixedKey = `signkey-dev-${bareKey}`;

/** A server's keys as a container's variables. */
export const keys = [`INNGEST_SIGNING_KEY=${bareKey}`, "INNGEST_EVENT_KEY=0123456789abcdef"];

/** A server container that complies with every rule. */
export const soundServer = {
  image: "inngest/inngest:v1.43.0",
  command: ["inngest", "start"],
  envs: [...keys, "INNGEST_SQLITE_DIR=/data", "INNGEST_REDIS_URI=redis://:hunter2@queue:6379"],
  volumes: [{ volumeName: "data", containerPath: "/data" }],
  ports: [{ internal: 8288, external: 8288, ip: "127.0.0.1" }],
  stopTimeout: 60,
  destroyGraceSeconds: 60,
};

/** The same in a pod. */
export const soundPodServer = {
  image: "inngest/inngest:v1.43.0",
  command: ["inngest", "start"],
  envFrom: [{ secretRef: { name: "server-environment" } }],
  env: [{ name: "INNGEST_SQLITE_DIR", value: "/data" }],
  volumeMounts: [{ name: "data", mountPath: "/data" }],
};
export const soundPod = {
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 60,
  volumes: [{ name: "data", persistentVolumeClaim: { claimName: "server-data" } }],
};

/** A worker container that complies with every rule. */
export const soundWorker = {
  image: "worker:1.0.0",
  envs: [...keys, "INNGEST_BASE_URL=http://server:8288", "INNGEST_SERVE_ORIGIN=http://worker:3111"],
  ports: [{ internal: 3111, external: 3111, ip: "127.0.0.1" }],
  stopTimeout: 60,
  destroyGraceSeconds: 60,
};

/** A queue container that complies with every rule. */
export const soundQueue = {
  image: "redis:7.2.16-alpine",
  command: ["redis-server", "--appendonly", "yes"],
  volumes: [{ volumeName: "queue", containerPath: "/data" }],
};

export function plist(entries: string): string {
  return `<?xml version="1.0"?><plist version="1.0"><dict>${entries}</dict></plist>`;
}
