import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts, type PublicName, renderCaddyfile } from "../../lib/render/caddyfile.ts";
import { preStopSleep, probes, restrictedContext, scratch, secretFiles } from "../../lib/render/restricted-pod.ts";
import type { ExposedRoutes } from "../../lib/render/routes.ts";
import { serverPorts } from "../../lib/render/server-pod-script.ts";
import type { IngressSettings } from "../../lib/settings/kubernetes.ts";
import { gatewayService, selectorOf, serversService } from "../../lib/stack/kubernetes-names.ts";
import { metadataOf } from "./scope.ts";
import { disruptionBudget, forceReplicas, immutableSecret, randomPassword, skipAwait, workload } from "./workload.ts";

export interface KubernetesGatewayArgs extends ExposedRoutes {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  /** Name of the gateway's Service. @default "inngest-svc" */
  serviceName?: string;
  /** Port on every node that leads to the gateway. @default none */
  nodePort?: number | undefined;
  /** @default none */
  ingress?: IngressSettings | undefined;
  /** A name outside the cluster and this machine, whose TLS ends in front of the gateway. */
  publicName: PublicName | undefined;
  /** Accept connections from anywhere, not only from this stack's own parts. */
  open: boolean;
  replicas: number;
  /** Namespace that may read the metrics, without a password. @default none */
  metricsReader?: string | undefined;
}

/** Caddy as the only way to the servers: requests without a key of their own need the password. */
export class KubernetesGateway extends pulumi.ComponentResource {
  /** Changes whenever `pulumi up` replaces the gateways; known once the new ones are ready. */
  public readonly instance: pulumi.Output<string>;
  /** Password of user `admin`; secret. */
  public readonly password: pulumi.Output<string>;

  constructor(name: string, args: KubernetesGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesGateway", name, {}, opts);
    const { namespace, image, replicas, nodePort, ingress, metricsReader, serviceName = gatewayService } = args;
    if (serviceName === "inngest") {
      throw new pulumi.ResourceError(
        "`serviceName` must not be inngest, the server's own name: Kubernetes would set INNGEST_PORT in every pod of the " +
          `namespace, and a server takes its port from that variable. Remedy: serviceName: "${gatewayService}"`,
        this,
        true,
      );
    }
    const child = { parent: this };
    const scope = { name, part: "gateway", namespace, parent: this } as const;
    const { http, metrics, ready } = gatewayPorts;
    const password = randomPassword(scope);
    const caddyfile = pulumi.all([password.bcryptHash, namespace]).apply(([passwordHash, namespace]) =>
      renderCaddyfile({
        server: serversService,
        // As clients inside and outside the namespace may write it.
        names: ["", `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map(
          (suffix) => serviceName + suffix,
        ),
        publicName: args.publicName,
        passwordHash,
        dashboard: args.dashboard,
        connect: args.connect,
        openMetrics: metricsReader !== undefined,
      }),
    );
    const config = immutableSecret(scope, "config", pulumi.secret({ Caddyfile: caddyfile }));
    const gateways = workload(scope, "pods", {
      kind: "Deployment",
      metadata: { annotations: forceReplicas },
      spec: { replicas },
      pod: {
        containers: [
          {
            name: "caddy",
            image,
            // Caddy's binary has this file capability, and does not start where it is not allowed.
            securityContext: { ...restrictedContext, capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } },
            command: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
            env: ["XDG_CONFIG_HOME", "XDG_DATA_HOME"].map((variable) => ({ name: variable, value: "/tmp" })),
            ports: [{ name: "http", containerPort: http }],
            ...probes({ httpGet: { path: "/", port: ready } }),
            lifecycle: preStopSleep(5),
            resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "256Mi" } },
            folders: [secretFiles("config", "/etc/caddy", config), scratch("tmp", "/tmp")],
          },
        ],
      },
      service: { name: serviceName, ports: { api: http, ...(metricsReader && { metrics }) } },
      network: {
        ingress: [
          { from: args.open ? "anyone" : ["worker", "janitor"], ports: [http] },
          ...(metricsReader ? [{ from: { namespace: metricsReader }, ports: [metrics] }] : []),
        ],
        egress: [{ to: ["server"], ports: [serverPorts.port, serverPorts.connectGatewayPort] }],
      },
    });
    if (replicas > 1) disruptionBudget(scope);
    if (nodePort !== undefined) {
      // A Service of its own, so that the metrics' port is not open on every node.
      new k8s.core.v1.Service(
        `${name}-node-port`,
        {
          metadata: { ...metadataOf(scope), name: `${serviceName}-node`, annotations: skipAwait },
          spec: { type: "NodePort", selector: selectorOf("gateway"), ports: [{ name: "api", port: http, nodePort }] },
        },
        child,
      );
    }
    if (ingress) {
      new k8s.networking.v1.Ingress(
        `${name}-ingress`,
        {
          // The Ingress controller assigns the address, which may take any time.
          metadata: { ...metadataOf(scope), name: "inngest", annotations: { ...skipAwait, ...ingress.annotations } },
          spec: ingressSpec(ingress, serviceName),
        },
        child,
      );
    }
    this.instance = pulumi.interpolate`${gateways.metadata.uid} ${image} ${config}`;
    this.password = pulumi.secret(password.result);
    this.registerOutputs({ instance: this.instance, password: this.password });
  }
}

function ingressSpec(
  { url, className, tlsSecret }: IngressSettings,
  service: string,
): k8s.types.input.networking.v1.IngressSpec {
  const { host, protocol } = new URL(url);
  const backend = { service: { name: service, port: { number: gatewayPorts.http } } };
  return {
    ...(className ? { ingressClassName: className } : {}),
    ...(protocol === "https:" && tlsSecret ? { tls: [{ hosts: [host], secretName: tlsSecret }] } : {}),
    rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
  };
}
