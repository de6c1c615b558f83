import { objects } from "../resource.ts";
import { workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

/** Services whose `NAME_PORT` is a variable of the server's own. */
const poisonous = [
  "inngest",
  "inngest-connect-gateway",
  "inngest-connect-gateway-grpc",
  "inngest-connect-executor-grpc",
];

export const serviceName: Rule = {
  name: "service-name",
  description:
    "No Service is called like the server's program: Kubernetes sets NAME_PORT in every pod of the namespace, and the " +
    "server takes its port from INNGEST_PORT (measured on 1.43.0: it then listens on a random one)",
  remedy: "another name, such as inngest-svc",
  level: "mandatory",
  check({ type, properties }) {
    const name = properties.metadata?.name;
    return type === "kubernetes:core/v1:Service" && poisonous.includes(name) ? [`metadata.name is ${name}`] : [];
  },
};

export const serviceLinks: Rule = {
  name: "service-links",
  description:
    "Pods of server and worker have service links off: with them on, every Service of the namespace sets variables, and " +
    "one called inngest sets the server's port",
  remedy: "enableServiceLinks: false in the pod's spec",
  level: "mandatory",
  check(resource) {
    const open = workloadsOf(resource).filter(
      ({ where, role, serviceLinks }) =>
        where === "kubernetes" && (role === "server" || role === "worker") && (serviceLinks ?? true) === true,
    );
    return open.length > 0 ? [`enableServiceLinks is not false in the pod of ${open[0]?.name}`] : [];
  },
};

export const nodePortRange: Rule<{ lowest: number; highest: number }> = {
  name: "node-port-range",
  description: "A nodePort is in the cluster's range, or Kubernetes refuses the Service: 8288 is in no default one",
  remedy: "a nodePort in the range, such as 30288, or none, which lets Kubernetes choose",
  level: "mandatory",
  settings: { lowest: { type: "integer", default: 30000 }, highest: { type: "integer", default: 32767 } },
  check({ type, properties }, { lowest, highest }) {
    if (type !== "kubernetes:core/v1:Service") return [];
    return objects(properties.spec?.ports)
      .filter(({ nodePort }) => typeof nodePort === "number" && (nodePort < lowest || nodePort > highest))
      .map(({ nodePort }) => `nodePort is ${nodePort}, and the range is ${lowest} to ${highest}`);
  },
};
