import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { boundedLogs, dockerNames, labelsOf, stopGraceSeconds } from "./names.ts";

export interface DockerWorkerArgs extends Omit<WorkerArgs, "port"> {
  stack: string;
  /** Folder of the worker, which has a Dockerfile. */
  dir: string;
  runtime: "node" | "bun";
  /** Port on 127.0.0.1 of this machine. */
  port: number;
  network: pulumi.Input<string>;
  /** Come back when Docker does. */
  durable: boolean;
}

/** Port of the worker within its container. */
export const workerPort = 3111;

/** The worker in a container of its own, from an image built of its folder. */
export class DockerWorker extends pulumi.ComponentResource {
  /** Id of the container. */
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerWorker", name, {}, opts);
    const names = dockerNames(args.stack);
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
    const container = new docker.Container(
      `${name}-${args.runtime}`,
      {
        name: names.worker,
        image: image.repoDigest,
        envs: workerEnvironment({ ...args, port: workerPort }).apply((variables) =>
          Object.entries(variables).map(([variable, value]) => `${variable}=${value}`),
        ),
        ports: [{ internal: workerPort, external: args.port, ip: "127.0.0.1" }],
        networksAdvanced: [{ name: args.network }],
        restart: args.durable ? "unless-stopped" : "no",
        stopTimeout: stopGraceSeconds,
        destroyGraceSeconds: stopGraceSeconds,
        labels: labelsOf(args.stack),
        ...boundedLogs,
      },
      // The fixed name and port cannot exist twice.
      { parent: this, deleteBeforeReplace: true },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}
