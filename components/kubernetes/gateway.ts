import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { gatewayPorts, type PublicName, renderCaddyfile } from "../../lib/render/caddyfile.ts";
import { serverHosts, serverService } from "./entrance.ts";
import {
  labelsOf,
  oneMoreWhileRolling,
  ownNumber,
  restrictedContainer,
  restrictedPod,
  scratch,
  secretFiles,
  selectorOf,
  stopsAfter,
  watched,
} from "./pod.ts";
import { disruptionBudget, spreadOverNodes } from "./worker.ts";

export interface KubernetesGatewayArgs {
  namespace: pulumi.Input<string>;
  /** Caddy image; pin a tag. */
  image: pulumi.Input<string>;
  /** A name beyond the cluster and this machine; something in front ends its TLS. */
  publicName: PublicName | undefined;
  /** Gateways that run at once. */
  replicas: number;
  /** Let the dashboard and GraphQL pass. */
  dashboard: boolean;
  /** Let workers pass that open a connection. */
  connect: boolean;
  /** Serve the metrics alone, without password, on a port of their own. */
  openMetrics: boolean;
}

/** Caddy as the only way to the servers: what has no key of its own needs the password. */
export class KubernetesGateway extends pulumi.ComponentResource {
  /** Changes with every other gateway; known when it is ready. */
  public readonly instance: pulumi.Output<string>;
  /** Of user `admin`; secret. */
  public readonly password: pulumi.Output<string>;

  constructor(name: string, args: KubernetesGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesGateway", name, {}, opts);
    const { namespace, replicas } = args;
    const child = { parent: this };
    const labels = labelsOf("gateway");
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child);
    const caddyfile = pulumi.all([password.bcryptHash, namespace]).apply(([passwordHash, namespace]) =>
      renderCaddyfile({
        server: serverHosts,
        // As pods, and whoever is not in the namespace, may write it.
        names: ["", `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map(
          (suffix) => serverService + suffix,
        ),
        publicName: args.publicName,
        passwordHash,
        dashboard: args.dashboard,
        connect: args.connect,
        openMetrics: args.openMetrics,
      }),
    );
    const config = new k8s.core.v1.Secret(
      `${name}-config`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: pulumi.secret({ Caddyfile: caddyfile }),
      },
      child,
    );
    const files = secretFiles("config", "/etc/caddy", config.metadata.name);
    const temporary = scratch("tmp", "/tmp");
    const health = { httpGet: { path: "/", port: gatewayPorts.ready } };
    const gateways = new k8s.apps.v1.Deployment(
      `${name}-pods`,
      {
        metadata: { name: "gateway", namespace, labels, annotations: ownNumber },
        spec: {
          replicas,
          selector: { matchLabels: selectorOf("gateway") },
          strategy: oneMoreWhileRolling,
          template: {
            metadata: { labels },
            spec: {
              ...restrictedPod(1000),
              containers: [
                {
                  ...restrictedContainer,
                  securityContext: {
                    ...restrictedContainer.securityContext,
                    // The image's program has this capability as a file, and does not start where it may not have it.
                    capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
                  },
                  name: "caddy",
                  image: args.image,
                  command: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
                  env: ["XDG_CONFIG_HOME", "XDG_DATA_HOME"].map((variable) => ({ name: variable, value: "/tmp" })),
                  ports: [{ name: "http", containerPort: gatewayPorts.http }],
                  ...watched(health),
                  // A pod that is told to stop still gets new requests until every node has heard of it.
                  lifecycle: stopsAfter(5),
                  resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "256Mi" } },
                  volumeMounts: [files.mount, temporary.mount],
                },
              ],
              volumes: [files.volume, temporary.volume],
              topologySpreadConstraints: [spreadOverNodes("gateway")],
            },
          },
        },
      },
      child,
    );
    if (replicas > 1) disruptionBudget(`${name}-disruption`, "gateway", namespace, child);
    this.instance = pulumi.interpolate`${gateways.metadata.uid} ${args.image} ${config.metadata.name}`;
    this.password = pulumi.secret(password.result);
    this.registerOutputs({ instance: this.instance, password: this.password });
  }
}
