import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { serverDataFolder } from "../../lib/render/maintenance-pod.ts";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { configFiles, pvcVolume, scratch } from "../../lib/render/restricted-pod.ts";
import { migrationScript, presetScript } from "../../lib/render/server-pod-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { serverClaim } from "../../lib/stack/kubernetes-names.ts";
import { networkPolicy } from "./network-policy.ts";
import { metadataOf } from "./scope.ts";
import { type ServerArgs, serverAccess, serverEgress, serverPod, serverVariables } from "./server-pod.ts";
import {
  disruptionBudget,
  forceReplicas,
  immutableSecret,
  persistentVolumeClaim,
  podTemplate,
  type Storage,
  workload,
} from "./workload.ts";

/** A single server, with its history in an SQLite file on a claim. */
export class KubernetesServer extends pulumi.ComponentResource {
  /** Changes whenever `pulumi up` replaces the server's pod; known once the new one is ready. */
  public readonly instance: pulumi.Output<string>;
  /** Name of the claim with its history. */
  public readonly claim: pulumi.Output<string>;

  constructor(name: string, args: ServerArgs & { storage: Storage }, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesServer", name, {}, opts);
    const { namespace, image } = args;
    const scope = { name, part: "server", namespace, parent: this } as const;
    const environment = immutableSecret(scope, "environment", serverVariables(args));
    const binaryData = { "empty-wal.db": emptyWalDatabase().toString("base64") };
    const preset = new k8s.core.v1.ConfigMap(
      `${name}-preset`,
      { metadata: metadataOf(scope), immutable: true, binaryData },
      { parent: this },
    );
    this.claim = persistentVolumeClaim(scope, serverClaim, args.storage);
    const data = pvcVolume("data", serverDataFolder, this.claim);
    const prepare = { script: presetScript, folders: [configFiles("preset", "/preset", preset.metadata.name)] };
    const server = workload(scope, "inngest", {
      kind: "StatefulSet",
      metadata: { name: "inngest", annotations: forceReplicas },
      // With the default policy a pod that never becomes ready, such as one with a broken image, would block the next
      // `pulumi up` until it is deleted by hand.
      spec: { replicas: 1, podManagementPolicy: "Parallel" },
      pod: serverPod({ image, environment, data, stores: args, prepare }),
      ...serverAccess(args),
    });
    this.instance = pulumi.interpolate`${server.metadata.uid} ${image} ${environment}`;
    this.registerOutputs({ instance: this.instance, claim: this.claim });
  }
}

type ClusterServerArgs = ServerArgs & { postgresUrl: pulumi.Input<string>; replicas: number };

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
