import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { dockerLabels, dockerNames } from "../../lib/stack/docker-names.ts";
import { type Durability, everythingKept, type Supervised } from "../../lib/stack/durability.ts";
import { type LocalEndpoints, loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { queuePortOffset } from "../../lib/stack/parts.ts";
import { type Endpoints, eventsUrl, type Keys, storesOf } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import { DockerGateway } from "./gateway.ts";
import { DockerJanitor } from "./janitor.ts";
import { DockerProcessLimit } from "./process-limit.ts";
import { DockerQueue } from "./queue.ts";
import { DockerServer } from "./server.ts";
import { DockerWorker, workerPort } from "./worker.ts";

/**
 * Tier `docker`: the server in a container, behind a gateway in another. With `durable` also a Redis queue, named
 * volumes, and a janitor.
 */
export function deploy(settings: ProgramSettings, keys: Keys, opts: pulumi.ComponentResourceOptions): Endpoints {
  const target = targetOf(settings, keys, opts);
  const redis = deployRedis(target);
  const server = deployServer(target, redis);
  const gateway = deployGateway(target, server);
  const janitor = deployJanitor(target, redis, server);
  const worker = deployWorker(target, redis, server);
  const { context, names, endpoints, origin } = target;
  const containers = {
    [names.server]: server.containerId,
    [names.gateway]: gateway.containerId,
    ...(redis.queue && { [names.queue]: redis.queue.containerId }),
    ...(janitor && { [names.janitor]: janitor.containerId }),
    ...(worker.containerId && { [names.worker]: worker.containerId }),
  };
  new DockerProcessLimit("processes", { context, containers }, opts);
  const volume = settings.durable ? names.data : undefined;
  const place = { kind: "docker" as const, context, network: names.network, image: settings.upkeepImage, volume };
  return {
    ...endpoints,
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin, keys: keys.worker }),
    dashboardUrl: settings.gateway.publicName?.url ?? endpoints.dashboardUrl,
    dashboardPassword: gateway.password,
    // The gateway leads to the server, so what waits for the server waits for both.
    server: pulumi.all([server.containerId, gateway.containerId]).apply(([id]) => id),
    worker: worker.id,
    supervision: worker.supervision,
    stores: storesOf(place, redis.url),
    durability: durabilityOf(settings.durable, redis.url !== undefined),
  };
}

/** What every part of the stack is deployed with. */
interface Target {
  settings: ProgramSettings;
  keys: Keys;
  /** Docker context. @default the docker command's current one */
  context: string | undefined;
  names: ReturnType<typeof dockerNames>;
  /** Name of the stack's network. */
  network: pulumi.Output<string>;
  endpoints: LocalEndpoints;
  /** URL at which the server reaches the worker, without a path. */
  origin: string;
  /** Options of what runs on this machine. */
  hostOpts: pulumi.ComponentResourceOptions;
  /** Options of what runs in Docker. */
  opts: pulumi.ComponentResourceOptions;
}

function targetOf(settings: ProgramSettings, keys: Keys, opts: pulumi.ComponentResourceOptions): Target {
  const { stack, worker } = settings;
  const names = dockerNames(stack);
  const endpoints = loopbackEndpoints(settings);
  const context = settings.dockerContext ?? currentContext();
  // Does not wait for the preflight, so that the plugin starts while that runs.
  const provider = new docker.Provider(
    "docker",
    // The preflight looks for the engine, and names it in its error. A preview connects to it in any case.
    { disableDockerDaemonCheck: true, ...(context ? { context } : {}) },
  );
  const { name: network } = new docker.Network(
    "network",
    { name: names.network, labels: dockerLabels(stack) },
    { ...opts, provider },
  );
  const origin =
    worker.placement === "container"
      ? `http://${names.worker}:${workerPort}`
      : originFromContainers(endpoints.workerUrl);
  const dockerOpts = { ...opts, providers: { docker: provider } };
  return { settings, keys, context, names, network, endpoints, origin, hostOpts: opts, opts: dockerOpts };
}

/** The Redis of a stack: its own queue, or the one that `redisUrl` names. */
interface Redis {
  queue?: DockerQueue | undefined;
  /** URL by which containers reach it. @default the stack has no Redis */
  url: pulumi.Output<string> | undefined;
  /** URL by which this machine reaches it. @default the stack has no Redis, or does not publish it */
  hostUrl: pulumi.Output<string> | undefined;
}

function deployRedis({ settings, network, opts }: Target): Redis {
  const { stack, port, durable, protectData, queueImage: image, redisUrl, worker } = settings;
  if (!durable || redisUrl) return { url: redisUrl, hostUrl: redisUrl };
  const isForHost = worker.placement === "host" && worker.runtime !== "external";
  const published = isForHost ? { port: port + queuePortOffset } : {};
  const queue = new DockerQueue("queue", { stack, image, network, protectData, ...published }, opts);
  return { queue, url: queue.url, hostUrl: queue.hostUrl };
}

function deployServer({ settings, keys, network, origin, opts }: Target, { queue, url: redisUrl }: Redis) {
  const { stack, durable, protectData, profile, dashboard, serverImage: image, worker } = settings;
  const sdkUrl = origin + (worker.url?.pathname ?? servePath);
  const queueAddress = queue?.address;
  return new DockerServer(
    "server",
    {
      ...{ stack, image, network, keys: keys.server, redisUrl, queueAddress, sdkUrl },
      ...{ profile, dashboard, durable, protectData },
      // Until it has stopped, the server saves its work to the queue.
      startAfter: queue,
    },
    opts,
  );
}

function deployGateway({ settings, network, opts }: Target, { drainVolume }: DockerServer) {
  const { stack, port, durable, protectData, dashboard, worker } = settings;
  const connect = worker.transport === "connect";
  return new DockerGateway(
    "gateway",
    { stack, ...settings.gateway, port, network, drainVolume, dashboard, connect, durable, protectData },
    opts,
  );
}

function deployJanitor(target: Target, { url: redisUrl }: Redis, startAfter: DockerServer) {
  const { settings, keys, network, opts } = target;
  const { stack, durable, retention: days, upkeepImage: image } = settings;
  if (!durable || days === undefined) return undefined;
  const alarmUrl = eventsUrl(`http://${gatewayAddress(target)}/e`, keys);
  return new DockerJanitor("janitor", { stack, image, network, days, redisUrl, alarmUrl, startAfter }, opts);
}

interface DeployedWorker {
  /** Changes with every start of the worker. */
  id: pulumi.Output<string>;
  /** @default it does not run in a container */
  containerId?: pulumi.Output<string>;
  supervision: pulumi.Output<Record<string, Supervised>>;
}

const unsupervised = pulumi.output<Record<string, Supervised>>({});

function deployWorker(target: Target, redis: Redis, server: DockerServer): DeployedWorker {
  const { placement, runtime } = target.settings.worker;
  if (runtime === "external") return { id: pulumi.output(target.endpoints.workerEndpoint), supervision: unsupervised };
  return placement === "container"
    ? deployContainerWorker(target, runtime, redis, server)
    : deployHostWorker(target, runtime, redis, server);
}

function deployContainerWorker(target: Target, runtime: "node" | "bun", redis: Redis, server: DockerServer) {
  const { settings, keys, network, origin, opts } = target;
  const { stack, durable, protectData, worker } = settings;
  // The gateway, which also holds the worker's events back while the server stops.
  const gateway = gatewayAddress(target);
  const connectGatewayUrl = worker.transport === "connect" ? `ws://${gateway}/v0/connect` : undefined;
  const { containerId } = new DockerWorker(
    "worker",
    {
      ...worker,
      ...{ stack, runtime, network, durable, protectData, origin, keys: keys.worker },
      ...{ serverUrl: `http://${gateway}`, connectGatewayUrl, redisUrl: redis.url },
    },
    workerOptions(worker.transport, server, opts),
  );
  return { id: containerId, containerId, supervision: unsupervised };
}

function deployHostWorker(target: Target, runtime: "node" | "bun", redis: Redis, server: DockerServer) {
  const { settings, keys, context, endpoints, origin, hostOpts } = target;
  const { stack, dataDir, port, worker, supervision } = settings;
  // The server announces a port that is not published.
  const connectGatewayUrl = `ws://127.0.0.1:${port}/v0/connect`;
  const { startId, supervised } = new HostWorker(
    "worker",
    {
      ...worker,
      ...{ stack, dataDir, runtime, origin, keys: keys.worker, containers: { context }, supervision },
      ...{ serverUrl: endpoints.apiUrl, connectGatewayUrl, redisUrl: redis.hostUrl },
    },
    workerOptions(worker.transport, server, hostOpts),
  );
  return { id: startId, supervision: pulumi.all<Supervised>({ worker: supervised }) };
}

/** `host:port` of the gateway in the stack's network. */
function gatewayAddress({ names }: Target): string {
  return `${names.gateway}:${gatewayPorts.http}`;
}

/** An origin on this machine, as containers have to write it. */
function originFromContainers(origin: string): string {
  const url = new URL(origin);
  if (["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) url.hostname = "host.docker.internal";
  return url.origin;
}

function durabilityOf(durable: boolean, queue: boolean): Durability {
  if (durable) return everythingKept;
  return {
    kept: false,
    text: queue
      ? "history is lost with the container, runs in flight are kept in your Redis"
      : "work and history are lost with the container; use the stack persistent to keep them",
  };
}
