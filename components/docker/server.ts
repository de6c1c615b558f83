import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ServerKeys } from "../key-rotation.ts";
import type { Profile } from "../profile.ts";
import { serverEnvironment } from "../server-options.ts";
import { emptyWalDatabase } from "../wal-database.ts";
import { boundedLogs, dockerNames, labelsOf, stopGraceSeconds } from "./names.ts";

export interface DockerServerArgs {
  stack: string;
  /** Server image; pin a tag. */
  image: pulumi.Input<string>;
  /** Port of API and dashboard on 127.0.0.1 of this machine. */
  port: number;
  /** Port of Connect's gateway on 127.0.0.1, for a worker on this machine that connects. @default published nowhere */
  connectGatewayPort?: number;
  network: pulumi.Input<string>;
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. @default none: in-flight work lives in the server's memory */
  redisUrl?: pulumi.Input<string> | undefined;
  /** The worker's endpoint, as the server reaches it. */
  sdkUrl: string;
  profile: Profile;
  /** Keep history in a named volume, and come back when Docker does. */
  durable: boolean;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
}

/** Port of API and dashboard within the container. */
export const serverPort = 8288;

/** Inngest in a container, published on 127.0.0.1 only. */
export class DockerServer extends pulumi.ComponentResource {
  /** Id of the container. */
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerServer", name, {}, opts);
    const names = dockerNames(args.stack);
    const labels = labelsOf(args.stack);
    const volume = args.durable
      ? new docker.Volume(
          `${name}-data`,
          { name: names.data, labels },
          { parent: this, retainOnDelete: args.protectData ?? true },
        )
      : undefined;
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const envs = pulumi
      .all([args.keys, args.redisUrl])
      .apply(([keys, redisUrl]) =>
        serverEnvironment({
          host: "0.0.0.0",
          port: serverPort,
          connectGatewayPort: 8289,
          connectGatewayGrpcPort: 50052,
          connectExecutorGrpcPort: 50053,
          sqliteDir: "/data",
          ...keys,
          redisUrl,
          sdkUrl: args.sdkUrl,
          profile: args.profile,
        }),
      )
      .apply((variables) => Object.entries(variables).map(([variable, value]) => `${variable}=${value}`));
    const container = new docker.Container(
      `${name}-inngest`,
      {
        name: names.server,
        image: image.imageId,
        // The image has a shell and no entry point. Only an absent database is preset to WAL.
        command: [
          "sh",
          "-c",
          "mkdir -p /data && { test -e /data/main.db || cp /opt/empty-wal.db /data/main.db; } && exec inngest start",
        ],
        uploads: [{ file: "/opt/empty-wal.db", contentBase64: emptyWalDatabase().toString("base64") }],
        envs,
        ports: [
          { internal: serverPort, external: args.port, ip: "127.0.0.1" },
          ...(args.connectGatewayPort ? [{ internal: 8289, external: args.connectGatewayPort, ip: "127.0.0.1" }] : []),
        ],
        volumes: volume ? [{ volumeName: volume.name, containerPath: "/data" }] : [],
        networksAdvanced: [{ name: args.network }],
        // Docker Desktop, OrbStack and Colima know the name by themselves; a Linux engine needs it told.
        hosts: [{ host: "host.docker.internal", ip: "host-gateway" }],
        restart: args.durable ? "unless-stopped" : "no",
        healthcheck: {
          // The image has neither curl nor wget; its binary brings the check (server >= 1.19.3).
          tests: ["CMD", "inngest", "alpha", "doctor", "healthcheck"],
          interval: "10s",
          timeout: "5s",
          // Written as the engine tells it back, or every refresh would replace the container.
          startPeriod: "1m0s",
          retries: 3,
        },
        stopTimeout: stopGraceSeconds,
        destroyGraceSeconds: stopGraceSeconds,
        labels,
        ...boundedLogs,
      },
      {
        parent: this,
        // The fixed name and port cannot exist twice.
        deleteBeforeReplace: true,
        // The provider calls a changed health check updated and leaves the container as it is.
        replaceOnChanges: ["healthcheck"],
      },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}
