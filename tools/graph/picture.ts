import { dirname } from "node:path";
import { isUploader, keepsData, volumesOf } from "../plan/data.ts";
import type { Planned } from "../plan/planner.ts";
import type { StackPlan } from "../plan/revision.ts";
import { serviceSpecOf } from "../plan/service-spec.ts";

type Plan = Extract<StackPlan, { resources: unknown }>;

/** Something that runs or keeps data, and the addresses by which others reach it. */
interface Node {
  id: string;
  label: string;
  shape: "process" | "container" | "pods" | "data";
  /** Label of an arrow to it, by the address (`host:port`) at which it listens. */
  addresses: Map<string, string>;
  /** Its whole configuration, or for data the name by which it is mounted. */
  text: string;
  /** Names of the volumes and claims that it mounts. */
  mounts: string[];
}

/**
 * A planned stack as a Mermaid flowchart: what runs, what keeps data, and what is configured with whose address. Drawn
 * from the plan alone, so that it cannot differ from what the program does.
 */
export function drawStack(plan: Plan): string {
  const nodes = plan.resources.flatMap((resource) => nodesOf(resource, plan));
  const running = nodes.filter(({ shape }) => shape !== "data");
  const arrows = [
    ...visitor(plan, running),
    ...running.flatMap((from) =>
      running.flatMap((to) => {
        const used = [...to.addresses].filter(([address]) => from !== to && uses(from, address));
        const ports = [...new Set(used.map(([, port]) => port))];
        return ports.length > 0 ? [`${from.id} -->|${ports.join(", ")}| ${to.id}`] : [];
      }),
    ),
    ...running.flatMap(({ id, mounts }) =>
      nodes.filter((node) => node.shape === "data" && mounts.includes(node.text)).map((data) => `${id} --- ${data.id}`),
    ),
  ];
  return [
    "flowchart LR",
    ...nodes.map((node) => `  ${drawn(node)}`),
    ...(arrows.some((arrow) => arrow.startsWith("you ")) ? [`  you(["you"])`] : []),
    ...arrows.map((arrow) => `  ${arrow}`),
    "",
  ].join("\n");
}

function drawn({ id, label, shape }: Node): string {
  const brackets = { process: ["[", "]"], container: ["[[", "]]"], pods: ["[[", "]]"], data: ["[(", ")]"] }[shape];
  return `${id}${brackets[0]}"${label}"${brackets[1]}`;
}

/** Whether a node is configured with an address. In a container, a loopback address is the container's own. */
function uses({ shape, text }: Node, address: string): boolean {
  return contains(text, address) && (shape === "process" || !/^(127\.0\.0\.1|localhost):/.test(address));
}

/** Whether a text contains an address, and not a longer one of which it is a part. */
function contains(text: string, address: string): boolean {
  return text.split(address).some((before, index, all) => {
    const after = all[index + 1];
    return after !== undefined && !/[\w.-]$/.test(before) && !/^\d/.test(after);
  });
}

/** How a person's browser reaches the stack. */
function visitor({ outputs }: Plan, running: Node[]): string[] {
  const forward = outputs.forward as { server: { service: string; port: number; local: number } } | undefined;
  const { port, hostname } = new URL(String(outputs.dashboardUrl));
  const address = `${hostname === "localhost" ? "127.0.0.1" : hostname}:${port}`;
  const open = running.find(({ addresses }) => addresses.has(address));
  if (open) return [`you -->|${port}| ${open.id}`];
  if (!forward) return [];
  const served = running.find(({ addresses }) => addresses.has(`${forward.server.service}:${forward.server.port}`));
  return served ? [`you -.->|"port-forward ${forward.server.local}"| ${served.id}`] : [];
}

function nodesOf(resource: Planned, plan: Plan): Node[] {
  const { type, name, inputs } = resource;
  const id = name.replaceAll("-", "_");
  switch (type) {
    case "command:local:Command":
      return processNodes(id, serviceSpecOf(resource));
    case "docker:index/container:Container":
      // A container that exits has done its part by the time that anybody looks.
      return inputs.mustRun === false ? [] : [containerNode(id, resource, plan)];
    case "docker:index/volume:Volume":
      return keepsData(plan.resources)(resource) ? [dataNode(id, `volume ${inputs.name}`, String(inputs.name))] : [];
    case "kubernetes:core/v1:PersistentVolumeClaim": {
      const { name: claim } = inputs.metadata as { name: string };
      return [dataNode(id, `claim ${claim}`, claim)];
    }
    case "kubernetes:apps/v1:Deployment":
    case "kubernetes:apps/v1:StatefulSet":
    case "kubernetes:batch/v1:Job":
      return [podsNode(resource, id, plan)];
    default:
      return [];
  }
}

function dataNode(id: string, label: string, name: string): Node {
  return { id, label, shape: "data", addresses: new Map(), text: name, mounts: [] };
}

/** Names of this machine, for itself and for containers on it. */
const localHosts = ["127.0.0.1", "localhost", "host.docker.internal"];

interface Service {
  service: string;
  database?: string;
  socket?: string;
  listeners: { port: number }[];
}

function processNodes(id: string, spec: Service | undefined): Node[] {
  if (!spec) return [];
  const { service, socket, listeners } = spec;
  // What listens at a socket is a queue, which keeps its data beside it.
  const database = spec.database ?? (socket && `${dirname(socket)}/appendonlydir`);
  const addresses = new Map([
    ...listeners.flatMap(({ port }) => localHosts.map((host): [string, string] => [`${host}:${port}`, String(port)])),
    ...(socket ? [[socket, "socket"] as const] : []),
  ]);
  const data = database ? [dataNode(`${id}_data`, `data folder: ${database}`, database)] : [];
  const mounts = data.map(({ text }) => text);
  const text = JSON.stringify(spec);
  return [{ id, label: `${service}: process`, shape: "process", addresses, text, mounts }, ...data];
}

/** A container's inputs, and the files in the volumes that it mounts. */
function configurationOf(resource: Planned, { resources }: Plan): string {
  const mounts = volumesOf(resource);
  const uploaders = resources.filter(
    (each) => isUploader(each) && volumesOf(each).some((volume) => mounts.includes(volume)),
  );
  return JSON.stringify([resource, ...uploaders].map(({ inputs }) => inputs));
}

function containerNode(id: string, resource: Planned, plan: Plan): Node {
  const name = String(resource.inputs.name);
  const ports = (resource.inputs.ports ?? []) as { internal: number; external: number }[];
  const text = configurationOf(resource, plan);
  const published = ports.flatMap(({ internal, external }): [string, string][] => [
    ...localHosts.map((host): [string, string] => [`${host}:${external}`, String(external)]),
    [`${name}:${internal}`, String(internal)],
  ]);
  const internal = [...text.matchAll(/(?:_PORT=|port\\*": ?)(\d+)/g)].map(([, port = ""]): [string, string] => [
    `${name}:${port}`,
    port,
  ]);
  // Redis has no variable that names its port.
  const addresses = new Map([...published, ...internal, [`${name}:6379`, "6379"]]);
  return { id, label: `container ${name}`, shape: "container", addresses, text, mounts: volumesOf(resource) };
}

// Types, not interfaces: the inputs of a plan have an index signature, which only those are comparable with.
type Workload = {
  kind: string;
  metadata: { name?: string };
  spec: {
    replicas?: number;
    template: {
      metadata?: { labels?: Record<string, string> };
      spec: { volumes?: { persistentVolumeClaim?: { claimName: string } }[] };
    };
  };
};

type KubernetesService = {
  metadata: { name: string };
  spec: { selector?: Record<string, string>; ports: { port: number }[] };
};

function podsNode({ name, inputs }: Planned, id: string, { resources, computed }: Plan): Node {
  const { kind, metadata, spec } = inputs as Workload;
  const labels = spec.template.metadata?.labels ?? {};
  const addresses = resources.flatMap(({ type, inputs }) => {
    if (type !== "kubernetes:core/v1:Service") return [];
    const service = inputs as KubernetesService;
    const selector = Object.entries(service.spec.selector ?? { none: "" });
    if (!selector.every(([key, value]) => labels[key] === value)) return [];
    return service.spec.ports.map(({ port }): [string, string] => [`${service.metadata.name}:${port}`, String(port)]);
  });
  const template = JSON.stringify(spec.template);
  // Its Secrets and ConfigMaps, whose names are generated.
  const configuration = resources.filter(({ name }) =>
    Object.entries(computed).some(([value, what]) => what === `name of ${name}` && template.includes(value)),
  );
  return {
    id,
    label: `${kind} ${metadata.name ?? name}${(spec.replicas ?? 1) > 1 ? ` × ${spec.replicas}` : ""}`,
    shape: "pods",
    addresses: new Map(addresses),
    text: template + configuration.map(({ inputs }) => JSON.stringify(inputs)).join(""),
    mounts: (spec.template.spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []),
  };
}
