import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { dockerLabels, dockerNames } from "../../lib/stack/docker-names.ts";
import { type Durability, everythingKept, type Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { queuePortOffset } from "../../lib/stack/parts.ts";
import { type Deploy, eventsUrl, storesOf } from "../endpoints.ts";
import { HostWorker } from "../host/worker.ts";
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
export const deploy: Deploy = (settings, keys, opts) => {
  const { stack, dataDir, port, durable, protectData, dashboard, profile, retention: days, worker } = settings;
  const { runtime, placement, transport } = worker;
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
  const inDocker = { ...opts, providers: { docker: provider } };
  const origin =
    placement === "container" ? `http://${names.worker}:${workerPort}` : originFromContainers(endpoints.workerUrl);
  // The gateway in the network, which also holds the worker's events back while the server stops.
  const gatewayAddress = `${names.gateway}:${gatewayPorts.http}`;

  const published = placement === "host" && runtime !== "external" ? { port: port + queuePortOffset } : {};
  const queueArgs = { stack, image: settings.queueImage, network, protectData, ...published };
  const queue = durable && !settings.redisUrl ? new DockerQueue("queue", queueArgs, inDocker) : undefined;
  const redisUrl = queue?.url ?? settings.redisUrl;

  const server = new DockerServer(
    "server",
    {
      ...{ stack, image: settings.serverImage, network, keys: keys.server, redisUrl, queueAddress: queue?.address },
      sdkUrl: origin + (worker.url?.pathname ?? servePath),
      ...{ profile, dashboard, durable, protectData },
      // Until it has stopped, the server saves its work to the queue.
      startAfter: queue,
    },
    inDocker,
  );
  const { drainVolume } = server;
  const connect = transport === "connect";
  const gateway = new DockerGateway(
    "gateway",
    { stack, ...settings.gateway, port, network, drainVolume, dashboard, connect, durable, protectData },
    inDocker,
  );
  const image = settings.upkeepImage;
  const alarmUrl = eventsUrl(`http://${gatewayAddress}/e`, keys);
  const janitor =
    durable && days !== undefined
      ? new DockerJanitor("janitor", { stack, image, network, days, redisUrl, alarmUrl, startAfter: server }, inDocker)
      : undefined;

  let workerId = pulumi.output(endpoints.workerEndpoint);
  let supervision = pulumi.output<Record<string, Supervised>>({});
  const containers: Record<string, pulumi.Output<string>> = {
    [names.server]: server.containerId,
    [names.gateway]: gateway.containerId,
    ...(queue && { [names.queue]: queue.containerId }),
    ...(janitor && { [names.janitor]: janitor.containerId }),
  };
  const workerArgs = { ...worker, stack, origin, keys: keys.worker };
  if (runtime !== "external" && placement === "container") {
    const connectGatewayUrl = connect ? `ws://${gatewayAddress}/v0/connect` : undefined;
    const links = { serverUrl: `http://${gatewayAddress}`, connectGatewayUrl, redisUrl };
    const { containerId } = new DockerWorker(
      "worker",
      { ...workerArgs, ...links, runtime, network, durable, protectData },
      workerOptions(transport, server, inDocker),
    );
    workerId = containerId;
    containers[names.worker] = containerId;
  } else if (runtime !== "external") {
    // The server announces a port that is not published.
    const connectGatewayUrl = `ws://127.0.0.1:${port}/v0/connect`;
    const hostUrl = queue ? queue.hostUrl : settings.redisUrl;
    const links = { serverUrl: endpoints.apiUrl, connectGatewayUrl, redisUrl: hostUrl };
    const { startId, supervised } = new HostWorker(
      "worker",
      { ...workerArgs, ...links, dataDir, runtime, containers: { context }, supervision: settings.supervision },
      workerOptions(transport, server, opts),
    );
    workerId = startId;
    supervision = pulumi.all<Supervised>({ worker: supervised });
  }

  new DockerProcessLimit("processes", { context, containers }, opts);
  const volume = durable ? names.data : undefined;
  return {
    ...endpoints,
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin, keys: keys.worker }),
    dashboardUrl: settings.gateway.publicName?.url ?? endpoints.dashboardUrl,
    dashboardPassword: gateway.password,
    // The gateway leads to the server, so what waits for the server waits for both.
    server: pulumi.all([server.containerId, gateway.containerId]).apply(([id]) => id),
    worker: workerId,
    supervision,
    stores: storesOf({ kind: "docker", context, network: names.network, image, volume }, redisUrl),
    durability: durabilityOf(durable, redisUrl !== undefined),
  };
};

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
