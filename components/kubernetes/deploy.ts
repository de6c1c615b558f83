import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import type { KubernetesSettings } from "../../lib/settings/kubernetes.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { gatewayService, namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import { type Deploy, type Endpoints, eventsUrl, storesOf } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, type WorkerArgs, workerOptions } from "../worker-environment.ts";
import { ClusterServer } from "./cluster-server.ts";
import { ClusterDatabase } from "./database.ts";
import { KubernetesGateway } from "./gateway.ts";
import { KubernetesNamespace } from "./namespace.ts";
import { KubernetesQueue } from "./queue.ts";
import { KubernetesServer } from "./server.ts";
import { KubernetesUpkeep, type KubernetesUpkeepArgs } from "./upkeep.ts";
import { type Autoscaler, KubernetesWorker } from "./worker.ts";

/** The gateway within the namespace: `host:port`. */
const gatewayAddress = `${gatewayService}:${gatewayPorts.http}`;

/**
 * Deploys either Kubernetes tier. `kubernetes`: one server, with SQLite and Redis on claims. `cluster`: several servers
 * on one Postgres and one Redis, two gateways, and autoscaled workers.
 */
export const deploy: Deploy = (settings, keys, opts) => {
  const { stack, protectData, worker, dashboard } = settings;
  const kubernetes = settings.kubernetes as KubernetesSettings;
  const { context, kubeconfig, ingress } = kubernetes;
  const isCluster = settings.tier === "cluster";
  const inCluster = { ...opts, providers: { kubernetes: providerOf(kubernetes, opts) } };

  const { namespace } = new KubernetesNamespace("namespace", { stack, protectData }, inCluster);

  const storage = { size: kubernetes.storageSize, className: kubernetes.storageClass, protectData };
  const queue = settings.redisUrl
    ? { url: settings.redisUrl, address: undefined }
    : new KubernetesQueue("queue", { namespace, image: settings.queueImage, storage }, inCluster);

  const givenDatabase = settings.postgresUrl && { url: settings.postgresUrl, address: undefined };
  const database = isCluster
    ? (givenDatabase ??
      new ClusterDatabase("database", { namespace, image: settings.databaseImage, storage }, inCluster))
    : undefined;

  const workerPort = worker.placement === "container" ? worker.port : undefined;
  // Without a URL of its own the worker is in the namespace, or on this machine next to a cluster in its Docker.
  const workerHost = workerPort === undefined ? "host.docker.internal" : "worker";
  const origin = worker.url?.origin ?? `http://${workerHost}:${worker.port}`;
  const storesOutside = settings.redisUrl !== undefined || (isCluster && settings.postgresUrl !== undefined);
  const serverArgs = {
    namespace,
    image: settings.serverImage,
    keys: keys.server,
    redisUrl: queue.url,
    queueAddress: queue.address,
    storesOutside,
    sdkUrl: worker.url?.href ?? origin + servePath,
    workerPort,
    profile: settings.profile,
    dashboard,
  };
  const upkeepArgs = {
    namespace,
    image: settings.upkeepImage,
    redisUrl: queue.url,
    days: settings.retention,
    alarmUrl: eventsUrl(`http://${gatewayAddress}/e`, keys),
    storesOutside,
  };
  // A server saves its state until it ends, so its stores stop after it.
  const ownStores = [queue, database].filter((store) => store instanceof pulumi.Resource);
  const afterStores = pulumi.mergeOptions(inCluster, { dependsOn: ownStores });
  let server: KubernetesServer | ClusterServer;
  let kept: KubernetesUpkeepArgs["history"];
  if (database) {
    const { url: postgresUrl, address: databaseAddress } = database;
    const { replicas } = kubernetes;
    server = new ClusterServer("server", { ...serverArgs, postgresUrl, databaseAddress, replicas }, afterStores);
    kept = { postgresUrl, postgresImage: settings.databaseImage };
  } else {
    const single = new KubernetesServer("server", { ...serverArgs, storage }, afterStores);
    server = single;
    kept = { claim: single.claim };
  }
  const { history } = new KubernetesUpkeep("upkeep", { ...upkeepArgs, history: kept }, inCluster);

  const autoscaler: Autoscaler | undefined = isCluster
    ? { kind: kubernetes.autoscaler, min: 2, max: kubernetes.maxWorkers }
    : undefined;
  const gateway = new KubernetesGateway(
    "gateway",
    {
      namespace,
      image: settings.gateway.image,
      nodePort: kubernetes.exposure === "nodePort" ? kubernetes.nodePort : undefined,
      ingress,
      publicName: settings.gateway.publicName ?? (ingress && { url: new URL(ingress.url).origin, tls: "elsewhere" }),
      open: kubernetes.exposure !== "port-forward",
      replicas: isCluster ? 2 : 1,
      dashboard,
      connect: worker.transport === "connect",
      metricsReader: autoscaler?.kind === "keda" ? "keda" : undefined,
    },
    inCluster,
  );

  const endpoints = endpointsOf(settings, kubernetes);
  const workerArgs = { origin, keys: keys.worker, redisUrl: queue.url, namespace, autoscaler, server };
  const place = { kind: "kubernetes" as const, context, kubeconfig, namespace: namespaceOf(stack) };
  return {
    ...endpoints,
    ...deployWorker(settings, { ...workerArgs, ...endpoints, inCluster, opts }),
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin, keys: keys.worker }),
    dashboardPassword: gateway.password,
    // The server is reached through the gateway, so whoever waits for it waits for both.
    server: pulumi.all([server.instance, gateway.instance]).apply(([instance]) => instance),
    stores: storesOf(pulumi.output({ ...place, image: settings.upkeepImage, history }), queue.url),
    forward: {
      context,
      kubeconfig,
      namespace: namespaceOf(stack),
      server: { service: gatewayService, port: gatewayPorts.http, local: settings.port },
      worker: workerPort === undefined ? undefined : { service: "worker", port: workerPort, local: workerPort },
    },
    durability: {
      kept: true,
      text: isCluster
        ? "history in Postgres and runs in flight in Redis are kept, also when a server is lost"
        : "history and runs in flight are kept, also when every pod is deleted at once",
    },
  };
};

function providerOf({ context, kubeconfig }: KubernetesSettings, opts: pulumi.ResourceOptions): k8s.Provider {
  return new k8s.Provider(
    "kubernetes",
    {
      // kubectl's current context may be another cluster's.
      context,
      ...(kubeconfig ? { kubeconfig } : {}),
      // Adopts the namespace and the claims that a destroyed stack left.
      upsertExistingObjects: true,
    },
    opts,
  );
}

/** Addresses for this machine: those of `kubectl port-forward`, of the nodes' port, or of the Ingress. */
function endpointsOf(settings: ProgramSettings, { exposure, nodePort, ingress }: KubernetesSettings) {
  const local = loopbackEndpoints(exposure === "nodePort" ? { ...settings, port: nodePort } : settings);
  if (!ingress) return { ...local, dashboardUrl: settings.gateway.publicName?.url ?? local.dashboardUrl };
  const url = ingress.url.replace(/\/$/, "");
  return { ...local, dashboardUrl: url, apiUrl: url, eventUrl: `${url}/e` };
}

interface WorkerContext extends Pick<WorkerArgs, "origin" | "keys"> {
  namespace: pulumi.Output<string>;
  /** Redis as pods reach it. */
  redisUrl: pulumi.Output<string>;
  autoscaler: Autoscaler | undefined;
  server: pulumi.Resource;
  /** From this machine. */
  apiUrl: string;
  workerEndpoint: string;
  inCluster: pulumi.ComponentResourceOptions;
  opts: pulumi.ComponentResourceOptions;
}

/** The worker in the cluster, or as a process on this machine; an external one is the user's to run. */
function deployWorker(
  settings: ProgramSettings,
  { namespace, redisUrl, autoscaler, server, apiUrl, workerEndpoint, inCluster, opts, ...context }: WorkerContext,
): Pick<Endpoints, "worker" | "supervision"> {
  const { placement, runtime, image, url: _, ...worker } = settings.worker;
  const unsupervised = pulumi.output<Record<string, Supervised>>({});
  if (runtime === "external") return { worker: pulumi.output(workerEndpoint), supervision: unsupervised };
  if (placement === "container") {
    const { instance } = new KubernetesWorker(
      "worker",
      {
        ...context,
        ...worker,
        namespace,
        image: image as string,
        serverUrl: `http://${gatewayAddress}`,
        ...(worker.transport === "connect" && { connectGatewayUrl: `ws://${gatewayAddress}/v0/connect` }),
        redisUrl,
        autoscaler,
      },
      workerOptions(worker.transport, server, inCluster),
    );
    return { worker: instance, supervision: unsupervised };
  }
  const { stack, dataDir, supervision } = settings;
  const { startId, supervised } = new HostWorker(
    "worker",
    {
      ...context,
      ...worker,
      stack,
      dataDir,
      runtime,
      serverUrl: apiUrl,
      redisUrl: settings.redisUrl,
      // Pods of a cluster in this machine's Docker connect through its bridge.
      containers: { context: settings.dockerContext ?? currentContext() },
      supervision,
    },
    opts,
  );
  return { worker: startId, supervision: pulumi.all<Supervised>({ worker: supervised }) };
}
