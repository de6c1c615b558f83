import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { renderEnvFile } from "../../lib/render/env-file.ts";
import { dockerNames, secretFolder } from "../../lib/stack/docker-names.ts";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { hardened, replaceInsteadOfUpdate, writableScratch } from "./hardening.ts";
import { SecretFiles } from "./secret-files.ts";
import { volumeWithOwner } from "./volume-with-owner.ts";

export interface DockerWorkerArgs extends Omit<WorkerArgs, "port"> {
  /** Names container, image, volume and labels. */
  stack: string;
  /** Folder of the worker, with its Dockerfile. The worker may write to /data and /tmp only. */
  dir: string;
  /** File that the runtime starts, relative to the image's WORKDIR. */
  entry: string;
  /** Build argument `RUNTIME` of the Dockerfile. */
  runtime: "node" | "bun";
  /** Port on 127.0.0.1 of this machine. */
  port: number;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Keep /data in a named volume, and start again with Docker. */
  durable: boolean;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
}

/** Port of the worker within its container. */
export const workerPort = 3111;

const envFile = "worker.env";

/**
 * The worker in a container, from an image that is built of its folder.
 *
 * @example
 * ```ts
 * const names = dockerNames("orders");
 * new DockerWorker("worker", {
 *   stack: "orders",
 *   dir: "worker",
 *   entry: "serve.ts",
 *   runtime: "node",
 *   port: 9311,
 *   network,
 *   transport: "serve",
 *   serverUrl: `http://${names.gateway}:8288`,
 *   origin: `http://${names.worker}:3111`,
 *   keys: keys.worker,
 *   variables: {},
 *   durable: true,
 * });
 * ```
 */
export class DockerWorker extends pulumi.ComponentResource {
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerWorker", name, {}, opts);
    const { stack, durable, protectData } = args;
    const names = dockerNames(stack);
    const image = new docker.Image(
      `${name}-image`,
      {
        imageName: `${names.worker}:latest`,
        skipPush: true,
        build: { context: args.dir, args: { RUNTIME: args.runtime } },
        buildOnPreview: false,
      },
      { parent: this },
    );
    const volume = { stack, volume: names.workerData, image: image.repoDigest, protectData };
    const content = workerEnvironment({ ...args, port: workerPort }).apply(renderEnvFile);
    const secrets = new SecretFiles(
      `${name}-environment`,
      { stack, volume: envFile, contents: { [envFile]: content }, image: image.repoDigest },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-${args.runtime}`,
      {
        ...hardened({
          stack,
          memory: 1024,
          cpuShares: 1024,
          scratch: durable ? {} : { "/data": writableScratch(512) },
          labels: [secrets.label],
        }),
        name: names.worker,
        image: image.repoDigest,
        command: [args.runtime, `--env-file=${secretFolder}/${envFile}`, args.entry],
        ports: [{ internal: workerPort, external: args.port, ip: "127.0.0.1" }],
        volumes: [
          ...(durable ? [{ volumeName: volumeWithOwner(`${name}-data`, volume, this), containerPath: "/data" }] : []),
          secrets.mount,
        ],
        networksAdvanced: [{ name: args.network }],
        restart: durable ? "unless-stopped" : "no",
      },
      { parent: this, ...replaceInsteadOfUpdate },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}
