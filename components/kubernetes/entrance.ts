import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import type { IngressSettings } from "../../lib/settings/kubernetes.ts";
import { networkPolicy, serverConnections, type Way } from "./network-policy.ts";
import { labelsOf, selectorOf, withoutWaiting } from "./pod.ts";
import { serverPorts } from "./server-pod.ts";

export interface KubernetesEntranceArgs {
  namespace: pulumi.Input<string>;
  /** Name of the gateway's Service. @default "inngest-svc" */
  serviceName?: string;
  /** Port of every node that leads to the gateway. @default none */
  nodePort?: number | undefined;
  /** @default none */
  ingress?: IngressSettings | undefined;
  /** Port of the workers' pods. */
  workerPort: number;
  /** Everybody may reach the gateway, not the workers of this stack alone. */
  open: boolean;
  /** Namespace that may read the metrics, without a password. @default none */
  metricsReader?: string | undefined;
  /** Some of Redis, Postgres and the worker are outside the namespace, at addresses that only their URLs say. */
  reachesOutside: boolean;
}

export const serverService = "inngest-svc";

/** Service of the servers that are ready; the gateway alone has a use for it. */
export const serverHosts = "servers";

/**
 * The way to the server: the gateway's Service, an Ingress where asked for, the server's own name, and network rules
 * for all ports of both.
 */
export class KubernetesEntrance extends pulumi.ComponentResource {
  constructor(name: string, args: KubernetesEntranceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesEntrance", name, {}, opts);
    const { namespace, nodePort, ingress, serviceName = serverService } = args;
    if (serviceName === "inngest") {
      throw new pulumi.ResourceError(
        "`serviceName` must not be inngest, the server's own name: Kubernetes would set INNGEST_PORT in every pod of the " +
          `namespace, and a server takes its port from that variable. Remedy: serviceName: "${serverService}"`,
        this,
        true,
      );
    }
    const child = { parent: this };
    const labels = labelsOf("gateway");
    const { api, connectGateway, connectGatewayGrpc, connectExecutorGrpc } = serverPorts;
    const { http, metrics } = gatewayPorts;
    const selector = selectorOf("gateway");
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: serviceName, namespace, labels, annotations: withoutWaiting },
        spec: {
          selector,
          ports: [{ name: "api", port: http }, ...(args.metricsReader ? [{ name: "metrics", port: metrics }] : [])],
        },
      },
      child,
    );
    new k8s.core.v1.Service(
      `${name}-servers`,
      {
        metadata: { name: serverHosts, namespace, labels: labelsOf("server"), annotations: withoutWaiting },
        spec: {
          selector: selectorOf("server"),
          ports: [
            { name: "api", port: api },
            { name: "connect", port: connectGateway },
          ],
        },
      },
      child,
    );
    if (nodePort !== undefined) {
      // A Service of its own, or the metrics' port would be open on every node too.
      new k8s.core.v1.Service(
        `${name}-node-port`,
        {
          metadata: { name: `${serviceName}-node`, namespace, labels, annotations: withoutWaiting },
          spec: { type: "NodePort", selector, ports: [{ name: "api", port: http, nodePort }] },
        },
        child,
      );
    }
    if (ingress) {
      const { host, protocol } = new URL(ingress.url);
      new k8s.networking.v1.Ingress(
        `${name}-ingress`,
        {
          metadata: {
            name: "inngest",
            namespace,
            labels,
            // An address comes from the Ingress controller, which is not ours to wait for.
            annotations: { ...withoutWaiting, ...ingress.annotations },
          },
          spec: {
            ...(ingress.className ? { ingressClassName: ingress.className } : {}),
            ...(protocol === "https:" && ingress.tlsSecret
              ? { tls: [{ hosts: [host], secretName: ingress.tlsSecret }] }
              : {}),
            rules: [
              {
                host,
                http: {
                  paths: [
                    {
                      path: "/",
                      pathType: "Prefix",
                      backend: { service: { name: serviceName, port: { number: http } } },
                    },
                  ],
                },
              },
            ],
          },
        },
        child,
      );
    }
    const { metricsReader } = args;
    const visitors: Way[] = [
      { with: args.open ? "anybody" : ["worker", "janitor"], ports: [http] },
      ...(metricsReader ? [{ with: { namespace: metricsReader }, ports: [metrics] }] : []),
    ];
    networkPolicy(
      `${name}-gateway-network`,
      "gateway",
      namespace,
      { in: visitors, out: [{ with: ["server"], ports: [api, connectGateway] }] },
      child,
    );
    networkPolicy(
      `${name}-network`,
      "server",
      namespace,
      {
        in: [
          { with: ["gateway"], ports: [api, connectGateway] },
          { with: ["server"], ports: [connectGatewayGrpc, connectExecutorGrpc] },
        ],
        out: args.reachesOutside
          ? "everywhere"
          : [...serverConnections, { with: ["worker"], ports: [args.workerPort] }],
      },
      child,
    );
    this.registerOutputs({});
  }
}
