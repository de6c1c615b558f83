import { knownObjects } from "../resource.ts";
import { workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

/** Names of Services whose variable `NAME_PORT` the server reads as an option. */
const reservedNames = [
  "inngest",
  "inngest-connect-gateway",
  "inngest-connect-gateway-grpc",
  "inngest-connect-executor-grpc",
];

export const serviceName: Rule = {
  name: "service-name",
  description:
    "No Service has a name that sets a port of the server: Kubernetes sets NAME_PORT in every pod of the namespace, and " +
    "with a Service called inngest the server reads its port from INNGEST_PORT and listens on a random one",
  remedy: "choose another name, such as inngest-svc",
  level: "mandatory",
  check({ type, properties }) {
    const name = properties.metadata?.name;
    return type === "kubernetes:core/v1:Service" && reservedNames.includes(name) ? [`metadata.name is ${name}`] : [];
  },
};

export const serviceLinks: Rule = {
  name: "service-links",
  description:
    "Server and worker pods disable service links: otherwise every Service in the namespace sets variables, and one " +
    "called inngest sets the server's port",
  remedy: "set enableServiceLinks: false in the pod's spec",
  level: "mandatory",
  check(resource) {
    const open = workloadsOf(resource).filter(
      ({ platform, role, serviceLinks }) =>
        platform === "kubernetes" && (role === "server" || role === "worker") && (serviceLinks ?? true) === true,
    );
    return open.length > 0 ? [`enableServiceLinks is not false in the pod of ${open[0]?.name}`] : [];
  },
};

export const nodePortRange: Rule<{ lowest: number; highest: number }> = {
  name: "node-port-range",
  description:
    "A nodePort is in the cluster's range, otherwise Kubernetes refuses the Service: 8288 is outside the default range",
  remedy: "choose a nodePort in the range, such as 30288, or omit it and let Kubernetes choose",
  level: "mandatory",
  settings: { lowest: { type: "integer", default: 30000 }, highest: { type: "integer", default: 32767 } },
  check({ type, properties }, { lowest, highest }) {
    if (type !== "kubernetes:core/v1:Service") return [];
    return knownObjects(properties.spec?.ports)
      .filter(({ nodePort }) => typeof nodePort === "number" && (nodePort < lowest || nodePort > highest))
      .map(({ nodePort }) => `nodePort ${nodePort} is outside the range ${lowest}-${highest}`);
  },
};
