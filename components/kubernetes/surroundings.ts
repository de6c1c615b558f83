import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config.ts";
import { currentContext } from "../docker/context.ts";
import { type Endpoints, type Keys, loopbackEndpoints } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import type { Autoscaler } from "./autoscaler.ts";
import { KubernetesEntrance, serverService } from "./entrance.ts";
import type { Foundation } from "./foundation.ts";
import type { Way } from "./network-policy.ts";
import { namespaceOf } from "./pod.ts";
import { serverPorts } from "./server-pod.ts";
import { KubernetesWorker } from "./worker.ts";

export interface SurroundingsArgs {
  settings: Settings;
  keys: Keys;
  foundation: Foundation;
  server: pulumi.Resource & { instance: pulumi.Output<string> };
  autoscaler?: Autoscaler;
  /** Postgres or Redis is outside the namespace. */
  reachesOutside: boolean;
  durability: string;
  /** Options of what is not in the cluster. */
  opts: pulumi.ComponentResourceOptions;
}

/** What the servers of both Kubernetes tiers have around them: the way in, and the worker. */
export function surround(args: SurroundingsArgs): Endpoints {
  const { settings, foundation } = args;
  const { kubernetes, namespace } = foundation;
  const { placement, port: workerPort } = settings.worker;
  const { exposure, nodePort, ingress } = kubernetes;
  const visitors: Way["with"][] = [
    ...(exposure === "port-forward" ? [] : (["anybody"] as const)),
    ...(args.autoscaler?.kind === "keda" ? [{ namespace: "keda" }] : []),
  ];
  new KubernetesEntrance(
    "entrance",
    {
      namespace,
      ...(exposure === "nodePort" ? { nodePort } : {}),
      ...(exposure === "ingress" ? { ingress } : {}),
      workerPort,
      visitors,
      reachesOutside: args.reachesOutside || placement !== "container",
    },
    foundation.opts,
  );
  const endpoints = endpointsOf(settings, foundation);
  return {
    ...endpoints,
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin: foundation.origin, keys: args.keys.worker }),
    server: args.server.instance,
    ...workerOf(args, endpoints),
    forward: {
      context: kubernetes.context,
      kubeconfig: kubernetes.kubeconfig,
      namespace: namespaceOf(settings.stack),
      server: { service: serverService, port: serverPorts.api, local: settings.port },
      worker: placement === "container" ? { service: "worker", port: workerPort, local: workerPort } : undefined,
    },
    durability: args.durability,
  };
}

/** As `kubectl port-forward` opens them, or as the exposure does. */
function endpointsOf(settings: Settings, { kubernetes }: Foundation) {
  const { exposure, nodePort, ingress } = kubernetes;
  const local = loopbackEndpoints(exposure === "nodePort" ? { ...settings, port: nodePort } : settings);
  if (!ingress) return local;
  const url = ingress.url.replace(/\/$/, "");
  return { ...local, dashboardUrl: url, apiUrl: url, eventUrl: `${url}/e` };
}

function workerOf(
  { settings, keys, foundation, server, autoscaler, opts }: SurroundingsArgs,
  { apiUrl, workerEndpoint }: { apiUrl: string; workerEndpoint: string },
): Pick<Endpoints, "worker" | "supervision"> {
  const { placement, runtime, image, url: _, ...worker } = settings.worker;
  const { namespace, origin, redisUrl } = foundation;
  const unsupervised = pulumi.output<Record<string, string>>({});
  if (runtime === "external") return { worker: pulumi.output(workerEndpoint), supervision: unsupervised };
  if (placement === "container") {
    const serverUrl = `http://${serverService}:${serverPorts.api}`;
    const args = {
      namespace,
      image: image as string,
      ...worker,
      serverUrl,
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
  const { instance, supervised } = new HostWorker("worker", args, opts);
  return { worker: instance, supervision: pulumi.all<string>({ worker: supervised }) };
}
