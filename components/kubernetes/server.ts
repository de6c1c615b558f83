import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { dataClaim, type Storage } from "./data-claim.ts";
import { labelsOf, ownNumber, selectorOf } from "./pod.ts";
import { type ServerSettings, serverPod, serverVariables } from "./server-pod.ts";

export interface KubernetesServerArgs extends ServerSettings {
  namespace: pulumi.Input<string>;
  /** Server image; pin a tag. */
  image: pulumi.Input<string>;
  storage: Storage;
  /** `host:port` of the stack's own Redis, which closes no connection that says nothing. @default none */
  queueAddress?: string | undefined;
}

/** Claim of the server's history. */
export const serverClaim = "server-data";

/** One server, its history in an SQLite file on a claim. */
export class KubernetesServer extends pulumi.ComponentResource {
  /** Changes with every other server; known when it is ready. */
  public readonly instance: pulumi.Output<string>;
  /** Name of the claim with its history. */
  public readonly claim: pulumi.Output<string>;

  constructor(name: string, args: KubernetesServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesServer", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const labels = labelsOf("server");
    const secret = new k8s.core.v1.Secret(
      `${name}-environment`,
      { metadata: { namespace, labels }, immutable: true, stringData: serverVariables(args) },
      child,
    );
    const preset = new k8s.core.v1.ConfigMap(
      `${name}-preset`,
      {
        metadata: { namespace, labels },
        immutable: true,
        binaryData: { "empty-wal.db": emptyWalDatabase().toString("base64") },
      },
      child,
    );
    const claim = dataClaim(`${name}-data`, serverClaim, namespace, args.storage, child);
    const server = new k8s.apps.v1.StatefulSet(
      `${name}-inngest`,
      {
        metadata: { name: "inngest", namespace, labels, annotations: ownNumber },
        spec: {
          serviceName: "inngest",
          replicas: 1,
          // Else a pod that does not get ready, as with an image that does not start, has to be deleted by hand before
          // the next `up` replaces it.
          podManagementPolicy: "Parallel",
          selector: { matchLabels: selectorOf("server") },
          template: serverPod({
            image: args.image,
            secretName: secret.metadata.name,
            data: { name: "data", persistentVolumeClaim: { claimName: claim } },
            queueAddress: args.queueAddress,
            prepare: {
              // Only an absent database is preset to WAL.
              script: "test -e /data/main.db || cp /preset/empty-wal.db /data/main.db",
              mounts: [{ name: "preset", mountPath: "/preset", readOnly: true }],
            },
            volumes: [{ name: "preset", configMap: { name: preset.metadata.name } }],
          }),
        },
      },
      child,
    );
    this.claim = claim;
    this.instance = pulumi.interpolate`${server.metadata.uid} ${args.image} ${secret.metadata.name}`;
    this.registerOutputs({ instance: this.instance, claim });
  }
}
