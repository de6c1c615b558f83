import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { commonVariables, renderServerConfig } from "../../lib/render/server-options.ts";
import { configFile, doorFolder, serverScript } from "../../lib/render/server-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import type { Profile } from "../../lib/settings/profile.ts";
import { dockerNames, labelsOf } from "../../lib/stack/docker-names.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { containerUser, hardened, ownScratch, replacedWhole } from "./hardening.ts";
import { ownedVolume } from "./owned-volume.ts";
import { SecretFile } from "./secret-files.ts";

export interface DockerServerArgs {
  /** Names container, volumes and labels; another one is another server. */
  stack: string;
  /** Server image; pin a tag. */
  image: pulumi.Input<string>;
  /** Name of the network that gateway, queue and worker are in too. */
  network: pulumi.Input<string>;
  /** With which it signs, and takes events. */
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. @default none: in-flight work lives in the server's memory */
  redisUrl?: pulumi.Input<string> | undefined;
  /**
   * `host:port` of that Redis where it closes no connection that says nothing, as `DockerQueue`'s does not: from the moment
   * that it goes away until a new server is there, the gateway holds events back. @default not watched
   */
  queueAddress?: string | undefined;
  /** The worker's endpoint, as the server reaches it. */
  sdkUrl: string;
  /** What it is tuned for; docs/performance.md has the figures. @default "balanced" */
  profile?: Profile;
  /** Serve the dashboard and GraphQL. */
  dashboard: boolean;
  /** Keep history in a named volume, and come back when Docker does. */
  durable: boolean;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
  /** What its container starts after and stops before. All else of it is made without waiting. @default nothing */
  startAfter?: pulumi.Resource | undefined;
}

/**
 * Inngest in a container whose ports are published nowhere: the way to it is a `DockerGateway`.
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
  /** Id of the container. */
  public readonly containerId: pulumi.Output<string>;
  /** Name of the volume by which it tells the gateway whether it takes events. */
  public readonly doorVolume: pulumi.Output<string>;

  constructor(name: string, args: DockerServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerServer", name, {}, opts);
    const { stack, durable, protectData } = args;
    const names = dockerNames(stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const config = pulumi.all([args.keys, args.redisUrl]).apply(([keys, redisUrl]) =>
      renderServerConfig({
        host: "0.0.0.0",
        port: 8288,
        connectGatewayPort: 8289,
        connectGatewayGrpcPort: 50052,
        connectExecutorGrpcPort: 50053,
        sqliteDir: "/data",
        ...keys,
        redisUrl,
        sdkUrl: args.sdkUrl,
        profile: args.profile ?? "balanced",
        dashboard: args.dashboard,
      }),
    );
    const secrets = new SecretFile(
      `${name}-config`,
      { stack, file: configFile, content: config, image: image.imageId },
      { parent: this },
    );
    const [uid, gid] = containerUser.split(":");
    const door = new docker.Volume(
      `${name}-door`,
      {
        name: names.door,
        // Of memory: what it says of a server holds no longer than both containers run.
        driverOpts: { type: "tmpfs", device: "tmpfs", o: `size=64k,mode=0700,uid=${uid},gid=${gid}` },
        labels: labelsOf(stack),
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
          scratch: durable ? {} : { "/data": ownScratch(1024) },
          labels: [secrets.label],
        }),
        name: names.server,
        image: image.imageId,
        command: ["bash", "-c", serverScript(emptyWalDatabase(), args.queueAddress)],
        envs: Object.entries(commonVariables).map(([variable, value]) => `${variable}=${value}`),
        volumes: [
          ...(durable ? [{ volumeName: ownedVolume(`${name}-data`, volume, this), containerPath: "/data" }] : []),
          { volumeName: door.name, containerPath: doorFolder },
          secrets.mount,
        ],
        networksAdvanced: [{ name: args.network }],
        // Docker Desktop, OrbStack and Colima know the name by themselves; a Linux engine needs it told.
        hosts: [{ host: "host.docker.internal", ip: "host-gateway" }],
        restart: durable ? "unless-stopped" : "no",
        healthcheck: {
          // The image has neither curl nor wget; its binary brings the check (server >= 1.19.3).
          tests: ["CMD", "inngest", "alpha", "doctor", "healthcheck"],
          interval: "10s",
          timeout: "5s",
          // Written as the engine tells it back, or every refresh would replace the container.
          startPeriod: "1m0s",
          retries: 3,
        },
      },
      { parent: this, ...replacedWhole, dependsOn: args.startAfter ?? [] },
    );
    this.containerId = container.id;
    this.doorVolume = door.name;
    this.registerOutputs({ containerId: this.containerId, doorVolume: this.doorVolume });
  }
}
