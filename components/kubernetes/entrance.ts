import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { networkPolicy, serverConnections, type Way } from "./network-policy.ts";
import { labelsOf, selectorOf, withoutWaiting } from "./pod.ts";
import { serverPorts } from "./server-pod.ts";

/** An Ingress for the server. */
export interface IngressArgs {
  /** The server's address for people and workers elsewhere; `https:` asks for TLS. */
  url: string;
  /** @default the cluster's own default */
  className?: string | undefined;
  /** Secret with the certificate, given or to be made by what the annotations name. */
  tlsSecret?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

export interface KubernetesEntranceArgs {
  namespace: pulumi.Input<string>;
  /** Name of the server's Service. @default "inngest-svc" */
  serviceName?: string;
  /** Port of every node that leads to the server. @default none */
  nodePort?: number | undefined;
  /** @default none */
  ingress?: IngressArgs | undefined;
  /** Port of the workers' pods. */
  workerPort: number;
  /** Who reaches the API beside the workers of this stack. */
  visitors: Way["with"][];
  /** Some of Redis, Postgres and the worker are outside the namespace, at addresses that only their URLs say. */
  reachesOutside: boolean;
}

export const serverService = "inngest-svc";

/** The way to the server: a Service, an Ingress where asked for, and network rules for all its ports. */
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
    const labels = labelsOf("server");
    const { api, connectGateway, connectGatewayGrpc, connectExecutorGrpc } = serverPorts;
    const selector = selectorOf("server");
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: serviceName, namespace, labels, annotations: withoutWaiting },
        spec: {
          selector,
          ports: [
            { name: "api", port: api },
            { name: "connect", port: connectGateway },
          ],
        },
      },
      child,
    );
    if (nodePort !== undefined) {
      // A Service of its own, or Connect's port would be open on every node too.
      new k8s.core.v1.Service(
        `${name}-node-port`,
        {
          metadata: { name: `${serviceName}-node`, namespace, labels, annotations: withoutWaiting },
          spec: { type: "NodePort", selector, ports: [{ name: "api", port: api, nodePort }] },
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
                      backend: { service: { name: serviceName, port: { number: serverPorts.api } } },
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
    networkPolicy(
      `${name}-network`,
      "server",
      namespace,
      {
        in: [
          { with: ["worker"], ports: [api, connectGateway] },
          { with: ["server"], ports: [connectGatewayGrpc, connectExecutorGrpc] },
          ...args.visitors.map((visitor) => ({ with: visitor, ports: [api] })),
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
