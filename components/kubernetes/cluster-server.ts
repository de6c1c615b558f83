import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { serverDataFolder } from "../../lib/render/maintenance-pod.ts";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { scratch } from "../../lib/render/restricted-pod.ts";
import { migrationScript } from "../../lib/render/server-pod-script.ts";
import { networkPolicy } from "./network-policy.ts";
import { metadataOf } from "./scope.ts";
import { type ServerArgs, serverAccess, serverEgress, serverPod, serverVariables } from "./server-pod.ts";
import { disruptionBudget, immutableSecret, podTemplate, workload } from "./workload.ts";

export interface ClusterServerArgs extends ServerArgs {
  /** Postgres with the history of all servers. */
  postgresUrl: pulumi.Input<string>;
  replicas: number;
}

/** Several servers that share one Postgres and one Redis. */
export class ClusterServer extends pulumi.ComponentResource {
  /** Changes whenever `pulumi up` replaces the servers; known once the new ones are ready. */
  public readonly instance: pulumi.Output<string>;

  constructor(name: string, args: ClusterServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterServer", name, {}, opts);
    const { namespace, image, postgresUrl, replicas } = args;
    const scope = { name, part: "server", namespace, parent: this } as const;
    const postgresConnections = connectionsPerServer(replicas);
    const variables = serverVariables(args, { postgresUrl, postgresConnections });
    const environment = immutableSecret(scope, "environment", variables);
    const pod = serverPod({ image, environment, data: scratch("data", serverDataFolder), stores: args });

    const migrationScope = { ...scope, name: `${name}-migration`, part: "migration" } as const;
    const [{ startupProbe, readinessProbe, livenessProbe, lifecycle, ports, ...server }] = pod.containers;
    const container = { ...server, command: ["bash", "-euc", migrationScript] };
    const template = podTemplate(migrationScope, { ...pod, containers: [container] }, { restartPolicy: "Never" });
    const migration = new k8s.batch.v1.Job(
      `${name}-migration`,
      { metadata: metadataOf(migrationScope), spec: { backoffLimit: 3, template } },
      { parent: this },
    );
    networkPolicy(migrationScope, { ingress: [], egress: args.storesOutside ? "everywhere" : serverEgress });

    const servers = workload(scope, "inngest", {
      kind: "Deployment",
      metadata: { name: "inngest" },
      spec: { replicas },
      pod,
      ...serverAccess(args),
      after: migration,
    });
    disruptionBudget(scope);
    this.instance = pulumi.interpolate`${servers.metadata.uid} ${image} ${environment}`;
    this.registerOutputs({ instance: this.instance });
  }
}
