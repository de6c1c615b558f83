import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { renderRedisConf } from "../../lib/render/redis-conf.ts";
import { dataClaim, type Storage } from "./data-claim.ts";
import { networkPolicy } from "./network-policy.ts";
import {
  claimed,
  labelsOf,
  ownNumber,
  restrictedContainer,
  restrictedPod,
  scratch,
  secretFiles,
  selectorOf,
  startupProbe,
  withoutWaiting,
} from "./pod.ts";
import { snapshotPort } from "./upkeep.ts";

export interface KubernetesQueueArgs {
  namespace: pulumi.Input<string>;
  /** Redis image; pin a tag. */
  image: pulumi.Input<string>;
  storage: Storage;
}

export const queueAddress = "queue:6379";

/** Redis for the server's queue and run state, appending to a claim: in-flight work survives a kill of everything. */
export class KubernetesQueue extends pulumi.ComponentResource {
  /** Where server and workers find it; secret, because it holds the password. */
  public readonly url: pulumi.Output<string>;

  constructor(name: string, args: KubernetesQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesQueue", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const labels = labelsOf("queue");
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child);
    const config = new k8s.core.v1.Secret(
      `${name}-config`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: {
          // Below the container's limit, which counts the copies of an append-only file's rewrite too.
          "redis.conf": password.result.apply((text) => renderRedisConf({ password: text, maxMemory: "768mb" })),
          password: password.result,
        },
      },
      child,
    );
    const claim = dataClaim(`${name}-data`, "queue-data", namespace, args.storage, child);
    const data = claimed("data", "/data", claim);
    const files = secretFiles("config", "/etc/redis", config.metadata.name);
    const temporary = scratch("tmp", "/tmp");
    const ping = { exec: { command: ["sh", "-c", "redis-cli ping | grep -q PONG"] } };
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: "queue", namespace, labels, annotations: withoutWaiting },
        spec: { selector: selectorOf("queue"), ports: [{ name: "redis", port: 6379 }] },
      },
      child,
    );
    new k8s.apps.v1.StatefulSet(
      `${name}-redis`,
      {
        // The servers wait for it by themselves; they depend on it only so that they stop before it.
        metadata: { name: "queue", namespace, labels, annotations: { ...withoutWaiting, ...ownNumber } },
        spec: {
          serviceName: "queue",
          replicas: 1,
          selector: { matchLabels: selectorOf("queue") },
          template: {
            metadata: { labels },
            spec: {
              ...restrictedPod(1000),
              containers: [
                {
                  ...restrictedContainer,
                  name: "redis",
                  image: args.image,
                  command: ["redis-server", "/etc/redis/redis.conf"],
                  env: [
                    {
                      name: "REDISCLI_AUTH",
                      valueFrom: { secretKeyRef: { name: config.metadata.name, key: "password" } },
                    },
                  ],
                  ports: [{ name: "redis", containerPort: 6379 }],
                  startupProbe: startupProbe(ping),
                  readinessProbe: { ...ping, periodSeconds: 10, timeoutSeconds: 5 },
                  livenessProbe: { ...ping, periodSeconds: 20, timeoutSeconds: 5 },
                  resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "1Gi" } },
                  volumeMounts: [data.mount, files.mount, temporary.mount],
                },
              ],
              volumes: [data.volume, files.volume, temporary.volume],
            },
          },
        },
      },
      child,
    );
    networkPolicy(
      `${name}-network`,
      "queue",
      namespace,
      {
        in: [{ with: ["server", "migration", "worker", "janitor", "upkeep"], ports: [6379] }],
        // A restore has Redis fetch what it puts back.
        out: [{ with: ["upkeep"], ports: [snapshotPort] }],
      },
      child,
    );
    this.url = pulumi.secret(pulumi.interpolate`redis://:${password.result}@${queueAddress}`);
    this.registerOutputs({ url: this.url });
  }
}
