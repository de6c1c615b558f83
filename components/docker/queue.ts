import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { boundedLogs, dockerNames, labelsOf, stopGraceSeconds } from "./names.ts";
import { renderRedisConf } from "./redis-conf.ts";

export interface DockerQueueArgs {
  stack: string;
  /** Redis image; pin a tag. */
  image: pulumi.Input<string>;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Port on 127.0.0.1 of this machine, for a worker that runs on it. @default published nowhere */
  port?: number;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
}

/** Redis for the server's queue and run state, appending to a volume: in-flight work survives a kill of everything. */
export class DockerQueue extends pulumi.ComponentResource {
  /** Where the server finds it; secret, because it holds the password. */
  public readonly url: pulumi.Output<string>;
  /** Where a worker on this machine finds it, when it is published; secret too. */
  public readonly hostUrl: pulumi.Output<string> | undefined;

  constructor(name: string, args: DockerQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerQueue", name, {}, opts);
    const names = dockerNames(args.stack);
    const labels = labelsOf(args.stack);
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const volume = new docker.Volume(
      `${name}-data`,
      { name: names.queue, labels },
      { parent: this, retainOnDelete: args.protectData ?? true },
    );
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    new docker.Container(
      `${name}-redis`,
      {
        name: names.queue,
        image: image.imageId,
        command: ["redis-server", "/usr/local/etc/redis/redis.conf"],
        uploads: [
          {
            file: "/usr/local/etc/redis/redis.conf",
            content: password.result.apply((text) => renderRedisConf({ password: text })),
          },
        ],
        envs: [pulumi.interpolate`REDISCLI_AUTH=${password.result}`],
        volumes: [{ volumeName: volume.name, containerPath: "/data" }],
        ports: args.port ? [{ internal: 6379, external: args.port, ip: "127.0.0.1" }] : [],
        networksAdvanced: [{ name: args.network }],
        restart: "unless-stopped",
        healthcheck: {
          tests: ["CMD-SHELL", "redis-cli ping | grep -q PONG"],
          interval: "10s",
          timeout: "5s",
          retries: 3,
        },
        stopTimeout: stopGraceSeconds,
        destroyGraceSeconds: stopGraceSeconds,
        labels,
        ...boundedLogs,
      },
      {
        parent: this,
        // The fixed name cannot exist twice.
        deleteBeforeReplace: true,
        // The provider calls a changed health check updated and leaves the container as it is.
        replaceOnChanges: ["healthcheck"],
      },
    );
    const urlAt = (address: string) => pulumi.secret(pulumi.interpolate`redis://:${password.result}@${address}`);
    this.url = urlAt(`${names.queue}:6379`);
    this.hostUrl = args.port ? urlAt(`127.0.0.1:${args.port}`) : undefined;
    this.registerOutputs({ url: this.url, hostUrl: this.hostUrl });
  }
}
