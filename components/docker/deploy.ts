import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { dockerNames, labelsOf } from "../../lib/stack/docker-names.ts";
import type { Durability, Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
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
 * Tier `docker`: the server in a container, behind a gateway in another; with `durable` a Redis queue beside it, and
 * named volumes.
 */
export function deploy(settings: ProgramSettings, keys: Keys, opts: pulumi.ComponentResourceOptions): Endpoints {
  const { stack, dataDir, port, durable, profile, protectData, dashboard, supervision } = settings;
  const { placement, runtime, url, ...worker } = settings.worker;
  const names = dockerNames(stack);
  const endpoints = loopbackEndpoints(settings);

  const context = settings.dockerContext ?? currentContext();
  // Not dependent on the preflight, so that the plugin starts while that one looks around.
  const provider = new docker.Provider(
    "docker",
    // The preflight looks for the engine and says which one. A preview asks for it all the same (5.2.0, measured).
    { disableDockerDaemonCheck: true, ...(context ? { context } : {}) },
  );
  const withDocker = { ...opts, providers: { docker: provider } };
  const { name: network } = new docker.Network(
    "network",
    { name: names.network, labels: labelsOf(stack) },
    { ...opts, provider },
  );
  const onHost = placement === "host" && runtime !== "external";
  const queue =
    durable && !settings.redisUrl
      ? new DockerQueue(
          "queue",
          {
            stack,
            image: settings.queueImage,
            network,
            protectData,
            ...(onHost ? { port: port + queuePortOffset } : {}),
          },
          withDocker,
        )
      : undefined;
  const redisUrl = settings.redisUrl ?? queue?.url;
  const origin =
    placement === "container" ? `http://${names.worker}:${workerPort}` : fromContainer(endpoints.workerUrl);
  const server = new DockerServer(
    "server",
    {
      stack,
      image: settings.serverImage,
      network,
      dashboard,
      redisUrl,
      queueAddress: queue?.address,
      keys: keys.server,
      sdkUrl: origin + (url ? url.pathname : servePath),
      profile,
      durable,
      protectData,
      // It saves what it does until its end, to the queue.
      startAfter: queue,
    },
    withDocker,
  );
  const connect = worker.transport === "connect";
  const gateway = new DockerGateway(
    "gateway",
    {
      stack,
      ...settings.gateway,
      port,
      network,
      doorVolume: server.doorVolume,
      dashboard,
      connect,
      durable,
      protectData,
    },
    withDocker,
  );
  const janitor =
    durable && settings.retention !== undefined
      ? new DockerJanitor(
          "janitor",
          {
            stack,
            image: settings.upkeepImage,
            network,
            days: settings.retention,
            redisUrl,
            alarmUrl: eventsUrl(`http://${names.gateway}:${gatewayPorts.http}/e`, keys),
            startAfter: server,
          },
          withDocker,
        )
      : undefined;
  const deployWorker = (): Pick<Endpoints, "worker" | "supervision"> => {
    const unsupervised = pulumi.output<Record<string, Supervised>>({});
    if (runtime === "external") return { worker: pulumi.output(endpoints.workerEndpoint), supervision: unsupervised };
    if (placement === "container") {
      const args = {
        stack,
        runtime,
        ...worker,
        network,
        durable,
        protectData,
        // Its events too have to wait while the server stops, which only the gateway sees to.
        serverUrl: `http://${names.gateway}:${gatewayPorts.http}`,
        ...(connect && { connectGatewayUrl: `ws://${names.gateway}:${gatewayPorts.http}/v0/connect` }),
        origin,
        keys: keys.worker,
        redisUrl,
      };
      const { containerId } = new DockerWorker("worker", args, workerOptions(worker.transport, server, withDocker));
      return { worker: containerId, supervision: unsupervised };
    }
    const args = {
      stack,
      dataDir,
      runtime,
      ...worker,
      serverUrl: endpoints.apiUrl,
      origin,
      keys: keys.worker,
      // The server tells a port of its own, which is published nowhere.
      connectGatewayUrl: `ws://127.0.0.1:${port}/v0/connect`,
      redisUrl: settings.redisUrl ?? queue?.hostUrl,
      containers: { context },
      supervision,
    };
    const { startId, supervised } = new HostWorker("worker", args, workerOptions(worker.transport, server, opts));
    return { worker: startId, supervision: pulumi.all<Supervised>({ worker: supervised }) };
  };
  const deployed = deployWorker();
  new DockerProcessLimit(
    "processes",
    {
      context,
      containers: {
        [names.server]: server.containerId,
        [names.gateway]: gateway.containerId,
        ...(queue && { [names.queue]: queue.containerId }),
        ...(janitor && { [names.janitor]: janitor.containerId }),
        ...(placement === "container" && runtime !== "external" && { [names.worker]: deployed.worker }),
      },
    },
    opts,
  );
  return {
    ...endpoints,
    appEnvironment: appEnvironment({ serverUrl: endpoints.apiUrl, origin, keys: keys.worker }),
    dashboardUrl: settings.gateway.publicName?.url ?? endpoints.dashboardUrl,
    dashboardPassword: gateway.password,
    // The way to the server is the gateway: who waits for the one waits for both.
    server: pulumi.all([server.containerId, gateway.containerId]).apply(([id]) => id),
    ...deployed,
    stores: storesOf(
      {
        kind: "docker",
        context,
        network: names.network,
        image: settings.upkeepImage,
        volume: durable ? names.data : undefined,
      },
      redisUrl,
    ),
    durability: durabilityOf(durable, redisUrl !== undefined),
  };
}

/** An address of this machine as a container has to write it. */
function fromContainer(origin: string): string {
  const url = new URL(origin);
  if (["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) url.hostname = "host.docker.internal";
  return url.origin;
}

function durabilityOf(durable: boolean, queue: boolean): Durability {
  if (durable) {
    return {
      kept: true,
      text: "history and runs in flight are kept, also when server and queue are killed together",
    };
  }
  return {
    kept: false,
    text: queue
      ? "history is lost with the container, runs in flight are kept in your Redis"
      : "work and history are lost with the container; use the stack persistent to keep them",
  };
}
