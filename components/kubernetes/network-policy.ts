import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, type Part, selectorOf } from "./pod.ts";

/** Who may open a connection, and to which ports. */
export interface Way {
  /** Parts of this installation, a namespace by name, or everybody. */
  with: Part[] | { namespace: string } | "anybody";
  ports: number[];
}

/** Ways in and out of a part's pods; the namespace denies all others. Name look-ups are always allowed. */
export interface Ways {
  in: Way[];
  out: Way[] | "everywhere";
}

/** Allows exactly `ways` for a part's pods. */
export function networkPolicy(
  name: string,
  part: Part,
  namespace: pulumi.Input<string>,
  ways: Ways,
  opts: pulumi.CustomResourceOptions,
): void {
  new k8s.networking.v1.NetworkPolicy(
    name,
    {
      metadata: { name: part, namespace, labels: labelsOf(part) },
      spec: {
        podSelector: { matchLabels: selectorOf(part) },
        policyTypes: ["Ingress", "Egress"],
        ingress: ways.in.map((way) => ({ ...peers("from", way), ports: tcp(way.ports) })),
        egress:
          ways.out === "everywhere"
            ? [{}]
            : [nameLookups, ...ways.out.map((way) => ({ ...peers("to", way), ports: tcp(way.ports) }))],
      },
    },
    opts,
  );
}

/** What every server connects to within the namespace, workers aside. */
export const serverConnections: Way[] = [
  { with: ["queue"], ports: [6379] },
  { with: ["database"], ports: [5432] },
  { with: ["server"], ports: [50052, 50053] },
];

/** No peer at all is how a policy says anybody. */
function peers(direction: "from" | "to", { with: who }: Way) {
  if (who === "anybody") return {};
  if (Array.isArray(who))
    return { [direction]: who.map((part) => ({ podSelector: { matchLabels: selectorOf(part) } })) };
  return { [direction]: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": who.namespace } } }] };
}

function tcp(ports: number[]) {
  return ports.map((port) => ({ port, protocol: "TCP" }));
}

/** To any address: cluster DNS is a Service in another namespace, or a cache on the node. */
const nameLookups = {
  ports: ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol })),
};
