import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { serverDataFolder } from "../../lib/render/maintenance-pod.ts";
import { configFiles, pvcVolume } from "../../lib/render/restricted-pod.ts";
import { presetScript } from "../../lib/render/server-pod-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { serverClaim } from "../../lib/stack/kubernetes-names.ts";
import { metadataOf } from "./scope.ts";
import { type ServerArgs, serverAccess, serverPod, serverVariables } from "./server-pod.ts";
import { forceReplicas, immutableSecret, persistentVolumeClaim, type Storage, workload } from "./workload.ts";

export interface KubernetesServerArgs extends ServerArgs {
  storage: Storage;
}

/** A single server, with its history in an SQLite file on a claim. */
export class KubernetesServer extends pulumi.ComponentResource {
  /** Changes whenever `pulumi up` replaces the server's pod; known once the new one is ready. */
  public readonly instance: pulumi.Output<string>;
  /** Name of the claim with its history. */
  public readonly claim: pulumi.Output<string>;

  constructor(name: string, args: KubernetesServerArgs, opts?: pulumi.ComponentResourceOptions) {
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
