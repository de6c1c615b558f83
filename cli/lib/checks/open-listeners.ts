import { listenersOf } from "../../../lib/host/ports.ts";
import type { Listener } from "../../../lib/host/spec.ts";
import { running } from "../../../lib/host/supervisors/index.ts";
import { identify } from "../../../lib/host/supervisors/service.ts";
import { dockerSays, hostGateway, stackLabel } from "../../../lib/places/docker-engine.ts";
import { kubectlSays } from "../../../lib/places/kubernetes-cluster.ts";
import { namespaceOf } from "../../../lib/stack/kubernetes-names.ts";
import type { StackSettings } from "../live-stack.ts";

/** Something of a stack that more than this machine may reach. */
export interface OpenListener {
  /** `process of the server`, `container inngest-dev-server`, `service worker`. */
  who: string;
  address: string;
  port: number;
  /** Known and written down: Connect's ports on the process tier listen everywhere, whatever the server is told. */
  documented: boolean;
}

/** What of a stack listens beyond loopback and beyond what its settings ask for. */
export async function openListeners(stack: string, settings: StackSettings): Promise<OpenListener[]> {
  const found = await Promise.all([
    fromHost(stack, settings),
    settings.tier === "docker" ? fromDocker(stack, settings) : [],
    settings.kubeContext && settings.tier !== "docker" ? fromCluster(stack, settings) : [],
  ]);
  return found.flat();
}

export function isLoopback(address: string): boolean {
  return /^(127\.|::1$|\[::1\]$|localhost$|::ffff:127\.)/.test(address);
}

async function fromHost(stack: string, settings: StackSettings): Promise<OpenListener[]> {
  const port = Number(settings.port);
  const connect = settings.tier === "process" ? [port + 1, port + 2, port + 3] : [];
  // Containers of a Linux engine come in at the bridge's address, which only they and this machine reach.
  const bridge =
    settings.tier === "process" ? undefined : await hostGateway(settings.dockerContext).catch(() => undefined);
  const services = (["server", "worker"] as const).map(async (service) => {
    const there = await running(identify({ stack, service, dataDir: settings.dataDir }));
    const listeners = there ? await listenersOf(there.pid) : [];
    return listeners
      .filter(({ host }) => !isLoopback(host) && host !== bridge)
      .map((each) => ({
        who: `process of the ${service}`,
        address: each.host,
        port: each.port,
        documented: service === "server" && connect.includes(each.port),
      }));
  });
  return (await Promise.all(services)).flat();
}

async function fromDocker(stack: string, { dockerContext, gateway }: StackSettings): Promise<OpenListener[]> {
  const filter = ["--filter", `label=${stackLabel}=${stack}`, "--format", "{{.Names}} {{.Ports}}"];
  const lines = (await dockerSays(dockerContext, "ps", ...filter)).split("\n").filter(Boolean);
  return lines.flatMap((line) => {
    const [name = ""] = line.split(" ");
    if (name.endsWith("-gateway") && isPublic(gateway)) return [];
    return published(line)
      .filter(({ host }) => !isLoopback(host))
      .map(({ host, port }) => ({ who: `container ${name}`, address: host, port, documented: false }));
  });
}

/** Whether the setting `gateway` asks for a door that other machines reach: it ends TLS then. */
function isPublic(gateway: string | undefined): boolean {
  return gateway !== undefined && /"(email|certificate)"/.test(gateway);
}

/** The host's side of `0.0.0.0:8288->8288/tcp, [::]:8288->8288/tcp`. */
export function published(ports: string): Listener[] {
  return [...ports.matchAll(/(\S+):(\d+)->/g)].map(([, host = "", port]) => ({
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
  }));
}

async function fromCluster(stack: string, { kubeContext = "", kubeconfig, exposure }: StackSettings) {
  interface Service {
    metadata: { name: string };
    spec: { type: string; ports?: { port: number; nodePort?: number }[] };
  }
  const args = ["--namespace", namespaceOf(stack), "get", "services", "--output", "json"];
  const { items } = JSON.parse(await kubectlSays({ context: kubeContext, kubeconfig }, ...args)) as {
    items: Service[];
  };
  const wanted = exposure === "nodePort" ? ["inngest-svc-node"] : [];
  return items
    .filter(({ metadata, spec }) => spec.type !== "ClusterIP" && !wanted.includes(metadata.name))
    .flatMap(({ metadata, spec: { type, ports = [] } }) =>
      ports.map(({ port, nodePort }) => ({
        who: `service ${metadata.name} (${type})`,
        address: "every node",
        port: nodePort ?? port,
        documented: false,
      })),
    );
}
