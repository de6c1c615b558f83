import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { renderEnvFile } from "../../lib/render/env-file.ts";
import { dockerNames, secretFolder } from "../../lib/stack/docker-names.ts";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { hardened, ownScratch, replacedWhole } from "./hardening.ts";
import { ownedVolume } from "./owned-volume.ts";
import { SecretFile } from "./secret-files.ts";

export interface DockerWorkerArgs extends Omit<WorkerArgs, "port"> {
  /** Names container, image, volume and labels. */
  stack: string;
  /** Folder of the worker, which has a Dockerfile. What runs of it may write to /data and /tmp only. */
  dir: string;
  /** What the runtime starts: the folder's `main`, as the image's WORKDIR has it. */
  entry: string;
  /** Build argument `RUNTIME` of the Dockerfile. */
  runtime: "node" | "bun";
  /** Port on 127.0.0.1 of this machine. */
  port: number;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Keep /data in a named volume, and come back when Docker does. */
  durable: boolean;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean;
}

/** Port of the worker within its container. */
export const workerPort = 3111;

/**
 * The worker in a container of its own, from an image built of its folder.
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
  /** Id of the container. */
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
    const secrets = new SecretFile(
      `${name}-environment`,
      { stack, file: "worker.env", content, image: image.repoDigest },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-${args.runtime}`,
      {
        ...hardened({
          stack,
          memory: 1024,
          cpuShares: 1024,
          scratch: durable ? {} : { "/data": ownScratch(512) },
          labels: [secrets.label],
        }),
        name: names.worker,
        image: image.repoDigest,
        command: [args.runtime, `--env-file=${secretFolder}/worker.env`, args.entry],
        ports: [{ internal: workerPort, external: args.port, ip: "127.0.0.1" }],
        volumes: [
          ...(durable ? [{ volumeName: ownedVolume(`${name}-data`, volume, this), containerPath: "/data" }] : []),
          secrets.mount,
        ],
        networksAdvanced: [{ name: args.network }],
        restart: durable ? "unless-stopped" : "no",
      },
      { parent: this, ...replacedWhole },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}
