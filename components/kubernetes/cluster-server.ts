import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { networkPolicy, serverConnections } from "./network-policy.ts";
import { labelsOf, oneMoreWhileRolling, selectorOf } from "./pod.ts";
import { type ServerPod, type ServerSettings, serverPod, serverVariables } from "./server-pod.ts";
import { disruptionBudget, spreadOverNodes } from "./worker.ts";

export interface ClusterServerArgs extends ServerSettings {
  namespace: pulumi.Input<string>;
  /** Server image; pin a tag. */
  image: pulumi.Input<string>;
  /** Where history is; all replicas share it. */
  postgresUrl: pulumi.Input<string>;
  /** Servers that run at once. */
  replicas: number;
  /** `host:port` of the stack's own Redis, which closes no connection that says nothing. @default none */
  queueAddress?: string | undefined;
  /** `host:port` of the stack's own Postgres. @default none */
  databaseAddress?: string | undefined;
  /** Postgres or Redis is outside the namespace. */
  reachesOutside: boolean;
}

/** Several servers on one Postgres and one Redis. */
export class ClusterServer extends pulumi.ComponentResource {
  /** Changes with every other server; known when they are ready. */
  public readonly instance: pulumi.Output<string>;

  constructor(name: string, args: ClusterServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterServer", name, {}, opts);
    const { namespace, replicas } = args;
    const child = { parent: this };
    const labels = labelsOf("server");
    const settings = { ...args, postgresConnections: connectionsPerServer(replicas) };
    const secret = new k8s.core.v1.Secret(
      `${name}-environment`,
      { metadata: { namespace, labels }, immutable: true, stringData: serverVariables(settings) },
      child,
    );
    const pod = serverPod({
      image: args.image,
      secretName: secret.metadata.name,
      data: { name: "data", emptyDir: {} },
      queueAddress: args.queueAddress,
      databaseAddress: args.databaseAddress,
    });
    const migration = new k8s.batch.v1.Job(
      `${name}-migration`,
      {
        metadata: { namespace, labels: labelsOf("migration") },
        spec: { backoffLimit: 3, template: migrating(pod) },
      },
      child,
    );
    networkPolicy(
      `${name}-migration-network`,
      "migration",
      namespace,
      { in: [], out: args.reachesOutside ? "everywhere" : serverConnections },
      child,
    );
    const server = new k8s.apps.v1.Deployment(
      `${name}-inngest`,
      {
        metadata: { name: "inngest", namespace, labels },
        spec: {
          replicas,
          selector: { matchLabels: selectorOf("server") },
          strategy: oneMoreWhileRolling,
          template: { ...pod, spec: { ...pod.spec, topologySpreadConstraints: [spreadOverNodes("server")] } },
        },
      },
      { ...child, dependsOn: migration },
    );
    disruptionBudget(`${name}-disruption`, "server", namespace, child);
    this.instance = pulumi.interpolate`${server.metadata.uid} ${args.image} ${secret.metadata.name}`;
    this.registerOutputs({ instance: this.instance });
  }
}

/**
 * A pod that brings the database to this server's version and ends. The server migrates at its start, with no lock that
 * would keep two from doing so at once (1.43.0), so one does it before the others start: it answers when it is done.
 */
function migrating({ spec }: ServerPod): k8s.types.input.core.v1.PodTemplateSpec {
  const [{ startupProbe, readinessProbe, livenessProbe, lifecycle, ports, ...server }] = spec.containers;
  const script = [
    "inngest start & server=$!",
    "until inngest alpha doctor healthcheck >/dev/null 2>&1; do kill -0 $server; sleep 0.2; done",
    "kill -TERM $server",
    "wait $server || true",
  ];
  return {
    metadata: { labels: labelsOf("migration") },
    spec: {
      ...spec,
      restartPolicy: "Never",
      containers: [{ ...server, command: ["bash", "-euc", script.join("\n")] }],
    },
  };
}
