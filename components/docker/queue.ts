import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { chownFiles } from "../../lib/render/chown-files.ts";
import { redisConfFile, redisPassword, renderRedisConf } from "../../lib/render/redis-conf.ts";
import { dockerNames, secretFolder } from "../../lib/stack/docker-names.ts";
import { hardened, replaceInsteadOfUpdate } from "./hardening.ts";
import { SecretFiles } from "./secret-files.ts";
import { volumeWithOwner } from "./volume-with-owner.ts";

export interface DockerQueueArgs {
  /** Names container, volume and labels. */
  stack: string;
  /** Redis image; pin a tag. */
  image: pulumi.Input<string>;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Port on 127.0.0.1 of this machine, for a worker that runs there. @default not published */
  port?: number;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
}

/**
 * Redis for the server's queue and run state. It appends to a file in a volume, so runs in flight survive a kill of everything.
 *
 * @example
 * ```ts
 * const queue = new DockerQueue("queue", { stack: "orders", image: "redis:7.2.16-alpine", network });
 * // queue.url is a server's `redisUrl`, and queue.address its `queueAddress`.
 * ```
 */
export class DockerQueue extends pulumi.ComponentResource {
  public readonly containerId: pulumi.Output<string>;
  /** URL by which the server reaches it; secret, because it holds the password. */
  public readonly url: pulumi.Output<string>;
  /** `host:port` by which the server reaches it. */
  public readonly address: string;
  /** URL by which a worker on this machine reaches it; secret. @default it is not published */
  public readonly hostUrl: pulumi.Output<string> | undefined;

  constructor(name: string, args: DockerQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerQueue", name, {}, opts);
    const names = dockerNames(args.stack);
    const { stack, protectData } = args;
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const volume = { stack, volume: names.queue, image: image.imageId, protectData };
    // Below the container's limit, which also counts the copy that Redis makes while it rewrites its append-only file.
    const content = password.result.apply((text) => renderRedisConf({ password: text, maxMemory: "768mb" }));
    const secrets = new SecretFiles(
      `${name}-config`,
      { stack, volume: redisConfFile, contents: { [redisConfFile]: content }, image: image.imageId },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-redis`,
      {
        ...hardened({ stack, memory: 1024, cpuShares: 1024, labels: [secrets.label] }),
        name: names.queue,
        image: image.imageId,
        command: ["sh", "-euc", startScript],
        volumes: [{ volumeName: volumeWithOwner(`${name}-data`, volume, this), containerPath: "/data" }, secrets.mount],
        ports: args.port ? [{ internal: 6379, external: args.port, ip: "127.0.0.1" }] : [],
        networksAdvanced: [{ name: args.network }],
        restart: "unless-stopped",
        healthcheck: {
          tests: ["CMD-SHELL", `${redisPassword}; redis-cli ping | grep -q PONG`],
          interval: "10s",
          timeout: "5s",
          retries: 3,
        },
      },
      { parent: this, ...replaceInsteadOfUpdate },
    );
    const urlAt = (address: string) => pulumi.secret(pulumi.interpolate`redis://:${password.result}@${address}`);
    this.address = `${names.queue}:6379`;
    this.url = urlAt(this.address);
    this.hostUrl = args.port ? urlAt(`127.0.0.1:${args.port}`) : undefined;
    this.containerId = container.id;
    const { containerId, url, address, hostUrl } = this;
    this.registerOutputs({ containerId, url, address, hostUrl });
  }
}

const startScript = ["umask 077", chownFiles, `exec redis-server ${secretFolder}/${redisConfFile}`].join("\n");
