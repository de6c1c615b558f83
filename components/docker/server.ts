import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { commonVariables, renderServerConfig, type ServerOptions } from "../../lib/render/server-options.ts";
import { serverPorts } from "../../lib/render/server-pod-script.ts";
import { configFile, drainFolder, serverScript } from "../../lib/render/server-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import type { Profile } from "../../lib/settings/profile.ts";
import { dockerLabels, dockerNames } from "../../lib/stack/docker-names.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { containerUser, hardened, replaceInsteadOfUpdate, writableScratch } from "./hardening.ts";
import { SecretFiles } from "./secret-files.ts";
import { volumeWithOwner } from "./volume-with-owner.ts";

export interface DockerServerArgs extends Pick<ServerOptions, "sdkUrl" | "dashboard"> {
  /** Names container, volumes and labels. */
  stack: string;
  /** Server image; pin a tag. */
  image: pulumi.Input<string>;
  /** Name of the network that gateway, queue and worker are in too. */
  network: pulumi.Input<string>;
  /** Keys with which it signs, and those with which it accepts events. */
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. @default none: runs in flight are in the server's memory */
  redisUrl?: pulumi.Input<string> | undefined;
  /**
   * `host:port` of that Redis, if it does not close idle connections (`DockerQueue` does not). When it goes away, the
   * gateway holds events back until the server has been restarted. @default it is not watched
   */
  queueAddress?: string | undefined;
  /** What the server is tuned for; docs/performance.md has the figures. @default "balanced" */
  profile?: Profile;
  /** Keep the history in a named volume, and start again with Docker. */
  durable: boolean;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
  /** What its container starts after and stops before; nothing else of the server waits for it. @default nothing */
  startAfter?: pulumi.Resource | undefined;
}

/**
 * Inngest in a container that publishes no port: `DockerGateway` leads to it.
 *
 * @example
 * ```ts
 * const { keys } = new SigningKeys("keys");
 * const { name: network } = new docker.Network("network", { name: "orders" });
 * const queue = new DockerQueue("queue", { stack: "orders", image: "redis:7.2.16-alpine", network });
 * const server = new DockerServer("server", {
 *   stack: "orders",
 *   image: "inngest/inngest:v1.43.0",
 *   network,
 *   keys: keys.server,
 *   redisUrl: queue.url,
 *   queueAddress: queue.address,
 *   startAfter: queue,
 *   sdkUrl: "http://inngest-orders-worker:3111/api/inngest",
 *   profile: "balanced",
 *   dashboard: true,
 *   durable: true,
 * });
 * ```
 */
export class DockerServer extends pulumi.ComponentResource {
  public readonly containerId: pulumi.Output<string>;
  /** Name of the volume with its drain markers, by which the gateway knows whether it accepts events. */
  public readonly drainVolume: pulumi.Output<string>;

  constructor(name: string, args: DockerServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerServer", name, {}, opts);
    const { stack, durable, protectData } = args;
    const names = dockerNames(stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const config = pulumi.all([args.keys, args.redisUrl]).apply(([keys, redisUrl]) =>
      renderServerConfig({
        host: "0.0.0.0",
        ...serverPorts,
        sqliteDir: "/data",
        ...keys,
        redisUrl,
        sdkUrl: args.sdkUrl,
        profile: args.profile ?? "balanced",
        dashboard: args.dashboard,
      }),
    );
    const secrets = new SecretFiles(
      `${name}-config`,
      { stack, volume: configFile, contents: { [configFile]: config }, image: image.imageId },
      { parent: this },
    );
    const [uid, gid] = containerUser.split(":");
    const drain = new docker.Volume(
      `${name}-drain`,
      {
        name: names.drain,
        // In memory: a marker must not outlive the containers.
        driverOpts: { type: "tmpfs", device: "tmpfs", o: `size=64k,mode=0700,uid=${uid},gid=${gid}` },
        labels: dockerLabels(stack),
      },
      { parent: this },
    );
    const volume = { stack, volume: names.data, image: image.imageId, protectData };
    const container = new docker.Container(
      `${name}-inngest`,
      {
        ...hardened({
          stack,
          memory: 2048,
          cpuShares: 1024,
          scratch: durable ? {} : { "/data": writableScratch(1024) },
          labels: [secrets.label],
        }),
        name: names.server,
        image: image.imageId,
        command: ["bash", "-c", serverScript(emptyWalDatabase(), args.queueAddress)],
        envs: Object.entries(commonVariables).map(([variable, value]) => `${variable}=${value}`),
        volumes: [
          ...(durable ? [{ volumeName: volumeWithOwner(`${name}-data`, volume, this), containerPath: "/data" }] : []),
          { volumeName: drain.name, containerPath: drainFolder },
          secrets.mount,
        ],
        networksAdvanced: [{ name: args.network }],
        // Docker Desktop, OrbStack and Colima resolve the name anyway; a Linux engine does not.
        hosts: [{ host: "host.docker.internal", ip: "host-gateway" }],
        restart: durable ? "unless-stopped" : "no",
        healthcheck: {
          // The image has neither curl nor wget; the server's binary has the check.
          tests: ["CMD", "inngest", "alpha", "doctor", "healthcheck"],
          interval: "10s",
          timeout: "5s",
          // As the engine prints it: otherwise every refresh would replace the container.
          startPeriod: "1m0s",
          retries: 3,
        },
      },
      { parent: this, ...replaceInsteadOfUpdate, dependsOn: args.startAfter ?? [] },
    );
    this.containerId = container.id;
    this.drainVolume = drain.name;
    this.registerOutputs({ containerId: this.containerId, drainVolume: this.drainVolume });
  }
}
