import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import type { KubernetesSettings } from "../../lib/settings/kubernetes.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { gatewayService, namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import { type Deploy, eventsUrl, storesOf } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import { ClusterDatabase } from "./database.ts";
import { KubernetesGateway } from "./gateway.ts";
import { KubernetesNamespace } from "./namespace.ts";
import { KubernetesQueue } from "./queue.ts";
import { ClusterServer, KubernetesServer } from "./server.ts";
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
  // On this machine, in the cluster, or the user's to run.
  let workerId = pulumi.output(endpoints.workerEndpoint);
  let supervision = pulumi.output<Record<string, Supervised>>({});
  const { placement, runtime, transport, image = "" } = worker;
  const workerArgs = { ...worker, origin, keys: keys.worker };
  if (runtime !== "external" && placement === "container") {
    const connectGatewayUrl = transport === "connect" ? `ws://${gatewayAddress}/v0/connect` : undefined;
    const links = { serverUrl: `http://${gatewayAddress}`, connectGatewayUrl, redisUrl: queue.url };
    const options = workerOptions(transport, server, inCluster);
    workerId = new KubernetesWorker("worker", { ...workerArgs, ...links, namespace, image, autoscaler }, options)
      .instance;
  } else if (runtime !== "external") {
    // Pods of a cluster in this machine's Docker connect through its bridge.
    const containers = { context: settings.dockerContext ?? currentContext() };
    const links = { serverUrl: endpoints.apiUrl, redisUrl: settings.redisUrl, containers };
    const { dataDir, supervision: wanted } = settings;
    const { startId, supervised } = new HostWorker(
      "worker",
      { ...workerArgs, ...links, stack, dataDir, runtime, supervision: wanted },
      opts,
    );
    workerId = startId;
    supervision = pulumi.all<Supervised>({ worker: supervised });
  }
  const place = { kind: "kubernetes" as const, context, kubeconfig, namespace: namespaceOf(stack) };
  return {
    ...endpoints,
    worker: workerId,
    supervision,
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
