import * as pulumi from "@pulumi/pulumi";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import type { Durability, Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import type { Endpoints, Keys } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import type { Autoscaler } from "./autoscaler.ts";
import { KubernetesEntrance, serverService } from "./entrance.ts";
import type { Foundation } from "./foundation.ts";
import { KubernetesGateway } from "./gateway.ts";
import { namespaceOf } from "./pod.ts";
import { KubernetesWorker } from "./worker.ts";

export interface SurroundingsArgs {
  settings: ProgramSettings;
  keys: Keys;
  foundation: Foundation;
  server: pulumi.Resource & { instance: pulumi.Output<string> };
  autoscaler?: Autoscaler;
  /** Gateways that run at once. */
  gateways: number;
  /** Postgres or Redis is outside the namespace. */
  reachesOutside: boolean;
  durability: Durability;
  /** Options of what is not in the cluster. */
  opts: pulumi.ComponentResourceOptions;
}

/** What the servers of both Kubernetes tiers have around them: the way in, and the worker. */
export function surround(args: SurroundingsArgs): Omit<Endpoints, "stores"> {
  const { settings, foundation } = args;
  const { kubernetes, namespace } = foundation;
  const { placement, port: workerPort } = settings.worker;
  const { exposure, nodePort, ingress } = kubernetes;
  const { gateway: door, dashboard } = settings;
  const byKeda = args.autoscaler?.kind === "keda";
  new KubernetesEntrance(
    "entrance",
    {
      namespace,
      ...(exposure === "nodePort" ? { nodePort } : {}),
      ...(exposure === "ingress" ? { ingress } : {}),
      workerPort,
      open: exposure !== "port-forward",
      ...(byKeda ? { metricsReader: "keda" } : {}),
      reachesOutside: args.reachesOutside || placement !== "container",
    },
    foundation.opts,
  );
  const gateway = new KubernetesGateway(
    "gateway",
    {
      namespace,
      image: door.image,
      publicName: door.publicName ?? (ingress && { url: new URL(ingress.url).origin, tls: "elsewhere" }),
      replicas: args.gateways,
      dashboard,
      connect: settings.worker.transport === "connect",
      openMetrics: byKeda,
    },
    foundation.opts,
  );
  const endpoints = endpointsOf(settings, foundation);
  return {
    ...endpoints,
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin: foundation.origin, keys: args.keys.worker }),
    dashboardPassword: gateway.password,
    // The way to the server is the gateway: who waits for the one waits for both.
    server: pulumi.all([args.server.instance, gateway.instance]).apply(([instance]) => instance),
    ...workerOf(args, endpoints),
    forward: {
      context: kubernetes.context,
      kubeconfig: kubernetes.kubeconfig,
      namespace: namespaceOf(settings.stack),
      server: { service: serverService, port: gatewayPorts.http, local: settings.port },
      worker: placement === "container" ? { service: "worker", port: workerPort, local: workerPort } : undefined,
    },
    durability: args.durability,
  };
}

/** As `kubectl port-forward` opens them, or as the exposure does. */
function endpointsOf(settings: ProgramSettings, { kubernetes }: Foundation) {
  const { exposure, nodePort, ingress } = kubernetes;
  const local = loopbackEndpoints(exposure === "nodePort" ? { ...settings, port: nodePort } : settings);
  const name = settings.gateway.publicName?.url;
  if (!ingress) return { ...local, dashboardUrl: name ?? local.dashboardUrl };
  const url = ingress.url.replace(/\/$/, "");
  return { ...local, dashboardUrl: url, apiUrl: url, eventUrl: `${url}/e` };
}

function workerOf(
  { settings, keys, foundation, server, autoscaler, opts }: SurroundingsArgs,
  { apiUrl, workerEndpoint }: { apiUrl: string; workerEndpoint: string },
): Pick<Endpoints, "worker" | "supervision"> {
  const { placement, runtime, image, url: _, ...worker } = settings.worker;
  const { namespace, origin, redisUrl } = foundation;
  const unsupervised = pulumi.output<Record<string, Supervised>>({});
  if (runtime === "external") return { worker: pulumi.output(workerEndpoint), supervision: unsupervised };
  if (placement === "container") {
    const gateway = `${serverService}:${gatewayPorts.http}`;
    const args = {
      namespace,
      image: image as string,
      ...worker,
      serverUrl: `http://${gateway}`,
      ...(worker.transport === "connect" && { connectGatewayUrl: `ws://${gateway}/v0/connect` }),
      origin,
      redisUrl,
      keys: keys.worker,
      autoscaler,
    };
    const { instance } = new KubernetesWorker("worker", args, workerOptions(worker.transport, server, foundation.opts));
    return { worker: instance, supervision: unsupervised };
  }
  const args = {
    stack: settings.stack,
    dataDir: settings.dataDir,
    runtime,
    ...worker,
    serverUrl: apiUrl,
    origin,
    redisUrl: settings.redisUrl,
    keys: keys.worker,
    // The pods of a cluster in this machine's Docker come in over its bridge.
    containers: { context: settings.dockerContext ?? currentContext() },
    supervision: settings.supervision,
  };
  const { startId, supervised } = new HostWorker("worker", args, opts);
  return { worker: startId, supervision: pulumi.all<Supervised>({ worker: supervised }) };
}
