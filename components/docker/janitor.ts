import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { runtimeFiles } from "../../lib/runtime-files.ts";
import { dockerNames, secretFolder } from "../../lib/stack/docker-names.ts";
import { hardened, replacedWhole } from "./hardening.ts";
import { SecretFile } from "./secret-files.ts";

export interface DockerJanitorArgs {
  stack: string;
  /** Image with Node. */
  image: pulumi.Input<string>;
  network: pulumi.Input<string>;
  /** Days that what has ended is kept. */
  days: number;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl?: pulumi.Input<string> | undefined;
  /** Where events are posted, key and all: what it warns of goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  /** The server whose volume it is: its container starts after that one's and stops before. */
  startAfter: pulumi.Resource;
}

/** Keeps the server's SQLite file as long as the stack says, beside the server on the same volume. */
export class DockerJanitor extends pulumi.ComponentResource {
  /** Id of the container. */
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerJanitor", name, {}, opts);
    const names = dockerNames(args.stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const order = pulumi.secret(
      pulumi.jsonStringify({
        database: "/data/main.db",
        queueUrl: args.redisUrl,
        days: args.days,
        alarmUrl: args.alarmUrl,
        reportFile: "/data/janitor/last-sweep.json",
      }),
    );
    const secrets = new SecretFile(
      `${name}-order`,
      { stack: args.stack, file: orderFile, content: order, image: image.imageId },
      { parent: this },
    );
    const container = new docker.Container(
      `${name}-node`,
      {
        ...hardened({ stack: args.stack, memory: 512, cpuShares: 256, labels: [secrets.label] }),
        name: names.janitor,
        image: image.imageId,
        command: ["node", "--input-type=module", "--eval", unpackAndRun],
        envs: [`FILES=${JSON.stringify(runtimeFiles())}`],
        volumes: [{ volumeName: names.data, containerPath: "/data" }, secrets.mount],
        networksAdvanced: [{ name: args.network }],
        restart: "unless-stopped",
      },
      { parent: this, ...replacedWhole, dependsOn: args.startAfter },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}

const orderFile = "order.json";

/** Puts files into memory and runs one of them: a container's root may be read-only, and takes no file then. */
const unpackAndRun = `
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
process.chdir(tmpdir());
for (const [path, content] of Object.entries(JSON.parse(process.env.FILES))) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o600 });
}
process.argv[2] = "${secretFolder}/${orderFile}";
await import(join(process.cwd(), "runtime", "janitor.ts"));
`;
