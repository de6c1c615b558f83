import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  DockerGateway,
  DockerQueue,
  DockerServer,
  DockerWorker,
  dockerNames,
  SigningKeys,
  servePath,
} from "inngest-local";

// Part of the names of containers, volumes and labels. It must differ from the stacks of inngest-local on the same machine.
const stack = `orders-${pulumi.getStack()}`;
const opts = { providers: { docker: new docker.Provider("docker", { disableDockerDaemonCheck: true }) } };
const { keys } = new SigningKeys("keys");
const network = new docker.Network(
  "network",
  { name: dockerNames(stack).network },
  { provider: opts.providers.docker },
);
const workerOrigin = `http://${dockerNames(stack).worker}:3111`;

const queue = new DockerQueue("queue", { stack, image: "redis:7.2.16-alpine", network: network.name }, opts);
const server = new DockerServer(
  "server",
  {
    stack,
    image: "inngest/inngest:v1.43.0",
    network: network.name,
    keys: keys.server,
    redisUrl: queue.url,
    queueAddress: queue.address,
    sdkUrl: workerOrigin + servePath,
    profile: "balanced",
    dashboard: true,
    durable: true,
  },
  opts,
);
const gateway = new DockerGateway(
  "gateway",
  {
    stack,
    image: "caddy:2.11.9-alpine",
    publicName: undefined,
    listen: "127.0.0.1",
    port: 9288,
    network: network.name,
    drainVolume: server.drainVolume,
    dashboard: true,
    connect: false,
    durable: true,
  },
  opts,
);
new DockerWorker(
  "worker",
  {
    stack,
    dir: "worker",
    entry: "serve.ts",
    runtime: "node",
    port: 9311,
    network: network.name,
    transport: "serve",
    serverUrl: `http://${dockerNames(stack).gateway}:8288`,
    origin: workerOrigin,
    keys: keys.worker,
    variables: {},
    durable: true,
  },
  opts,
);

export const dashboardUrl = "http://localhost:9288";
export const dashboardPassword = gateway.password;
export const eventKey = keys.worker.eventKey;
