import type { Planned } from "../plan/planner.ts";
import { isUploader, keepsData, volumesOf } from "../plan/replacement.ts";
import type { StackPlan } from "../plan/revision.ts";

type Plan = Extract<StackPlan, { resources: unknown }>;

/** Something that runs or is kept, and by which addresses others know it. */
interface Part {
  id: string;
  label: string;
  shape: "process" | "container" | "pods" | "data";
  /** Where it answers: `host:port`, and what of it is said on an arrow. */
  addresses: Map<string, string>;
  /** All that it is told. */
  text: string;
  /** Names of volumes and claims that it mounts. */
  mounts: string[];
}

/**
 * A planned stack as a Mermaid flowchart: what runs, what it keeps, and who is told whose address. Drawn of the plan
 * alone, so that it shows what the program does and not what somebody thinks that it does.
 */
export function drawStack(plan: Plan): string {
  const parts = plan.resources.flatMap((resource) => partOf(resource, plan) ?? []);
  const running = parts.filter(({ shape }) => shape !== "data");
  const arrows = [
    ...visitor(plan, running),
    ...running.flatMap((from) =>
      running.flatMap((to) => {
        const said = [...to.addresses].filter(([address]) => from !== to && reaches(from, address));
        const ports = [...new Set(said.map(([, port]) => port))];
        return ports.length > 0 ? [`${from.id} -->|${ports.join(", ")}| ${to.id}`] : [];
      }),
    ),
    ...running.flatMap(({ id, mounts }) =>
      parts.filter((part) => part.shape === "data" && mounts.includes(part.text)).map((data) => `${id} --- ${data.id}`),
    ),
  ];
  return [
    "flowchart LR",
    ...parts.map((part) => `  ${drawn(part)}`),
    ...(arrows.some((arrow) => arrow.startsWith("you ")) ? [`  you(["you"])`] : []),
    ...arrows.map((arrow) => `  ${arrow}`),
    "",
  ].join("\n");
}

function drawn({ id, label, shape }: Part): string {
  const brackets = { process: ["[", "]"], container: ["[[", "]]"], pods: ["[[", "]]"], data: ["[(", ")]"] }[shape];
  return `${id}${brackets[0]}"${label}"${brackets[1]}`;
}

/** Whether a part is told an address; in a container, this machine's own is the container. */
function reaches({ shape, text }: Part, address: string): boolean {
  return tells(text, address) && (shape === "process" || !/^(127\.0\.0\.1|localhost):/.test(address));
}

/** Whether a text holds an address, and not one that ends or begins like it. */
function tells(text: string, address: string): boolean {
  return text.split(address).some((before, index, all) => {
    const after = all[index + 1];
    return after !== undefined && !/[\w.-]$/.test(before) && !/^\d/.test(after);
  });
}

/** The way of a person's browser. */
function visitor({ outputs }: Plan, running: Part[]): string[] {
  const forward = outputs.forward as { server: { service: string; port: number; local: number } } | undefined;
  const { port, hostname } = new URL(String(outputs.dashboardUrl));
  const address = `${hostname === "localhost" ? "127.0.0.1" : hostname}:${port}`;
  const open = running.find(({ addresses }) => addresses.has(address));
  if (open) return [`you -->|${port}| ${open.id}`];
  if (!forward) return [];
  const served = running.find(({ addresses }) => addresses.has(`${forward.server.service}:${forward.server.port}`));
  return served ? [`you -.->|"port-forward ${forward.server.local}"| ${served.id}`] : [];
}

function partOf(resource: Planned, plan: Plan): Part[] | undefined {
  const { type, name, inputs } = resource;
  const id = name.replaceAll("-", "_");
  switch (type) {
    case "command:local:Command":
      return name.endsWith("-process") ? processParts(id, JSON.parse(inputs.stdin as string)) : undefined;
    case "docker:index/container:Container":
      // One that is there to end has done its part by the time that anybody looks.
      return inputs.mustRun === false ? undefined : [containerPart(id, toldTo(resource, plan), inputs as never)];
    case "docker:index/volume:Volume":
      return keepsData(plan.resources)(resource)
        ? [dataPart(id, `volume ${inputs.name}`, inputs.name as string)]
        : undefined;
    case "kubernetes:core/v1:PersistentVolumeClaim": {
      const claim = (inputs.metadata as { name: string }).name;
      return [dataPart(id, `claim ${claim}`, claim)];
    }
    case "kubernetes:apps/v1:Deployment":
    case "kubernetes:apps/v1:StatefulSet":
    case "kubernetes:batch/v1:Job":
      return [podsPart(resource, id, plan)];
    default:
      return undefined;
  }
}

function dataPart(id: string, label: string, name: string): Part {
  return { id, label, shape: "data", addresses: new Map(), text: name, mounts: [] };
}

interface Spec {
  service: string;
  database?: string;
  listeners: { port: number }[];
}

function processParts(id: string, spec: Spec): Part[] {
  const addresses = new Map(
    spec.listeners.flatMap(({ port }) =>
      ["127.0.0.1", "localhost", "host.docker.internal"].map((host) => [`${host}:${port}`, String(port)]),
    ),
  );
  const data = spec.database ? [dataPart(`${id}_data`, `data folder: ${spec.database}`, spec.database)] : [];
  const mounts = data.map(({ text }) => text);
  return [
    { id, label: `${spec.service}: process`, shape: "process", addresses, text: JSON.stringify(spec), mounts },
    ...data,
  ];
}

interface Container {
  name: string;
  ports?: { internal: number; external: number; ip?: string }[];
  volumes?: { volumeName: string }[];
  envs?: string[];
}

/** A container's inputs, and the files that others put into the volumes that it mounts. */
function toldTo(resource: Planned, { resources }: Plan): string {
  const mounts = volumesOf(resource);
  const writers = resources.filter(
    (each) => isUploader(each) && volumesOf(each).some((volume) => mounts.includes(volume)),
  );
  return JSON.stringify([resource, ...writers].map(({ inputs }) => inputs));
}

function containerPart(id: string, text: string, { name, ports = [], volumes = [] }: Container): Part {
  const published = ports.flatMap(({ internal, external }) => [
    ...["127.0.0.1", "localhost", "host.docker.internal"].map((host) => [`${host}:${external}`, String(external)]),
    [`${name}:${internal}`, String(internal)],
  ]);
  const within = [...text.matchAll(/(?:_PORT=|port\\*": ?)(\d+)/g)].map(([, port]) => [`${name}:${port}`, port]);
  // Redis has no variable that names its port.
  const addresses = new Map([...published, ...within, [`${name}:6379`, "6379"]] as [string, string][]);
  const mounts = volumes.map(({ volumeName }) => volumeName);
  return { id, label: `container ${name}`, shape: "container", addresses, text, mounts };
}

interface Workload {
  kind: string;
  metadata: { name?: string };
  spec: {
    replicas?: number;
    template: {
      metadata?: { labels?: Record<string, string> };
      spec: { volumes?: { persistentVolumeClaim?: { claimName: string } }[] };
    };
  };
}

function podsPart({ name, inputs }: Planned, id: string, { resources, madeUp }: Plan): Part {
  const { kind, metadata, spec } = inputs as unknown as Workload;
  const labels = spec.template.metadata?.labels ?? {};
  const addresses = resources.flatMap(({ type, inputs }) => {
    if (type !== "kubernetes:core/v1:Service") return [];
    const service = inputs as unknown as {
      metadata: { name: string };
      spec: { selector?: Record<string, string>; ports: { port: number }[] };
    };
    const selected = Object.entries(service.spec.selector ?? { none: "" });
    if (!selected.every(([key, value]) => labels[key] === value)) return [];
    return service.spec.ports.map(({ port }): [string, string] => [`${service.metadata.name}:${port}`, String(port)]);
  });
  const template = JSON.stringify(spec.template);
  // What it is told stands in Secrets and ConfigMaps, whose names are made up.
  const told = resources.filter(({ name }) =>
    Object.entries(madeUp).some(([value, meaning]) => meaning === `name of ${name}` && template.includes(value)),
  );
  return {
    id,
    label: `${kind} ${metadata.name ?? name}${(spec.replicas ?? 1) > 1 ? ` × ${spec.replicas}` : ""}`,
    shape: "pods",
    addresses: new Map(addresses),
    text: template + told.map(({ inputs }) => JSON.stringify(inputs)).join(""),
    mounts: (spec.template.spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []),
  };
}
