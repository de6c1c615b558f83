import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { packageFile, pathOf, sourcesOf } from "../../lib/runtime-files.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { hardened, replaceInsteadOfUpdate } from "./hardening.ts";
import { SecretFiles } from "./secret-files.ts";

export interface DockerJanitorArgs {
  stack: string;
  /** Image with Node. */
  image: pulumi.Input<string>;
  /** Name of the network that server and queue are in. */
  network: pulumi.Input<string>;
  /** Days that ended runs are kept. */
  days: number;
  /** The server's Redis, which knows the runs in flight. @default the server's memory knows them */
  redisUrl?: pulumi.Input<string> | undefined;
  /** URL, with the event key, to which it posts warnings as `health/degraded`; secret. */
  alarmUrl: pulumi.Input<string>;
  /** The server whose volume it uses: its container starts after the server's and stops before it. */
  startAfter: pulumi.Resource;
}

/**
 * Deletes from the server's SQLite file what is older than the stack keeps, in a container that shares the server's
 * volume.
 */
export class DockerJanitor extends pulumi.ComponentResource {
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerJanitor", name, {}, opts);
    const { stack, days, redisUrl: queueUrl, alarmUrl } = args;
    const names = dockerNames(stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const program = new SecretFiles(
      `${name}-files`,
      {
        stack,
        volume: "janitor",
        contents: {
          [requestFile]: pulumi.jsonStringify({
            database: "/data/main.db",
            queueUrl,
            days,
            alarmUrl,
            reportFile: "/data/janitor/last-sweep.json",
          }),
          "package.json": packageFile,
        },
        sources: sourcesOf(pathOf("janitor")),
        folder: programFolder,
        image: image.imageId,
      },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-node`,
      {
        ...hardened({ stack, memory: 512, cpuShares: 256, labels: [program.label] }),
        name: names.janitor,
        image: image.imageId,
        command: ["node", `${programFolder}/${pathOf("janitor")}`, `${programFolder}/${requestFile}`],
        volumes: [{ volumeName: names.data, containerPath: "/data" }, program.mount],
        networksAdvanced: [{ name: args.network }],
        restart: "unless-stopped",
      },
      { parent: this, ...replaceInsteadOfUpdate, dependsOn: args.startAfter },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}

const programFolder = "/app";
const requestFile = "request.json";
