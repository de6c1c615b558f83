import * as k8s from "@pulumi/kubernetes";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { type KubernetesPart, selectorOf } from "../../lib/stack/kubernetes-names.ts";
import { metadataOf, type PartScope } from "./scope.ts";

/** Parts of this stack, a namespace by name, or every address. */
type Peers = KubernetesPart[] | { namespace: string } | "anyone";

export interface EgressRule {
  to: Peers;
  ports: number[];
}

/** Connections that a part accepts and opens; the namespace denies all others. DNS is always allowed. */
export interface NetworkRules {
  ingress: { from: Peers; ports: number[] }[];
  egress: EgressRule[] | "everywhere";
}

export const toQueue: EgressRule = { to: ["queue"], ports: [6379] };
export const toDatabase: EgressRule = { to: ["database"], ports: [5432] };
export const toGateway: EgressRule = { to: ["gateway"], ports: [gatewayPorts.http] };

/** Allows exactly `rules` for a part's pods. */
export function networkPolicy(scope: PartScope, { ingress, egress }: NetworkRules): void {
  new k8s.networking.v1.NetworkPolicy(
    `${scope.name}-network`,
    {
      metadata: { ...metadataOf(scope), name: scope.part },
      spec: {
        podSelector: { matchLabels: selectorOf(scope.part) },
        policyTypes: ["Ingress", "Egress"],
        ingress: ingress.map(({ from, ports }) => allowed("from", from, ports)),
        egress: egress === "everywhere" ? [{}] : [dns, ...egress.map(({ to, ports }) => allowed("to", to, ports))],
      },
    },
    { parent: scope.parent },
  );
}

function allowed(direction: "from" | "to", peers: Peers, ports: number[]) {
  const tcp = { ports: ports.map((port) => ({ port, protocol: "TCP" })) };
  // A rule without peers allows every address.
  if (peers === "anyone") return tcp;
  const selectors = Array.isArray(peers)
    ? peers.map((part) => ({ podSelector: { matchLabels: selectorOf(part) } }))
    : [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peers.namespace } } }];
  return { [direction]: selectors, ...tcp };
}

/** To every address: cluster DNS is a Service in another namespace, or a cache on the node. */
const dns = { ports: ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol })) };
