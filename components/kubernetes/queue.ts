import * as pulumi from "@pulumi/pulumi";
import { snapshotPort } from "../../lib/render/maintenance-pod.ts";
import { renderRedisConf } from "../../lib/render/redis-conf.ts";
import { pvcVolume, scratch, secretFiles, startupProbe } from "../../lib/render/restricted-pod.ts";
import {
  forceReplicas,
  immutableSecret,
  persistentVolumeClaim,
  randomPassword,
  type StoreArgs,
  skipAwait,
  workload,
} from "./workload.ts";

/** Redis for queue and run state, with an append-only file on a claim: runs in flight survive the loss of every pod. */
export class KubernetesQueue extends pulumi.ComponentResource {
  /** `host:port` within the namespace. */
  public readonly address = "queue:6379";
  /** URL within the namespace; secret, because it includes the password. */
  public readonly url: pulumi.Output<string>;

  constructor(name: string, args: StoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesQueue", name, {}, opts);
    const scope = { name, part: "queue", namespace: args.namespace, parent: this } as const;
    const password = randomPassword(scope).result;
    const config = immutableSecret(scope, "config", {
      // Below the container's limit, which includes the copies that a rewrite of the append-only file makes.
      "redis.conf": password.apply((text) => renderRedisConf({ password: text, maxMemory: "768mb" })),
      password,
    });
    const claim = persistentVolumeClaim(scope, "queue-data", args.storage);
    const ping = { exec: { command: ["sh", "-c", "redis-cli ping | grep -q PONG"] } };
    workload(scope, "redis", {
      kind: "StatefulSet",
      // The servers wait for Redis themselves. They depend on it only so that they stop first.
      metadata: { annotations: { ...skipAwait, ...forceReplicas } },
      spec: { replicas: 1 },
      pod: {
        containers: [
          {
            name: "redis",
            image: args.image,
            command: ["redis-server", "/etc/redis/redis.conf"],
            env: [{ name: "REDISCLI_AUTH", valueFrom: { secretKeyRef: { name: config, key: "password" } } }],
            ports: [{ name: "redis", containerPort: 6379 }],
            startupProbe: startupProbe(ping),
            readinessProbe: { ...ping, periodSeconds: 10, timeoutSeconds: 5 },
            livenessProbe: { ...ping, periodSeconds: 20, timeoutSeconds: 5 },
            resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "1Gi" } },
            folders: [
              pvcVolume("data", "/data", claim),
              secretFiles("config", "/etc/redis", config),
              scratch("tmp", "/tmp"),
            ],
          },
        ],
      },
      service: { ports: { redis: 6379 } },
      network: {
        ingress: [{ from: ["server", "migration", "worker", "janitor", "upkeep"], ports: [6379] }],
        // During a restore Redis fetches its data from a maintenance pod.
        egress: [{ to: ["upkeep"], ports: [snapshotPort] }],
      },
    });
    this.url = pulumi.secret(pulumi.interpolate`redis://:${password}@${this.address}`);
    this.registerOutputs({ url: this.url });
  }
}
