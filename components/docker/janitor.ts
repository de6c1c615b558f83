import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { boundedLogs, dockerNames, labelsOf } from "./names.ts";

export interface DockerJanitorArgs {
  stack: string;
  /** Image with Node. */
  image: pulumi.Input<string>;
  network: pulumi.Input<string>;
  /** Days that what has ended is kept. */
  days: number;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl?: pulumi.Input<string> | undefined;
}

/** Keeps the server's SQLite file as long as the stack says, beside the server on the same volume. */
export class DockerJanitor extends pulumi.ComponentResource {
  constructor(name: string, args: DockerJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerJanitor", name, {}, opts);
    const names = dockerNames(args.stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const order = pulumi.jsonStringify({ database: "/data/main.db", queueUrl: args.redisUrl, days: args.days });
    new docker.Container(
      `${name}-node`,
      {
        name: names.janitor,
        image: image.imageId,
        command: ["node", "/opt/upkeep/janitor.ts", "/opt/janitor.json"],
        uploads: [
          ...upkeepFiles().map(({ path, content }) => ({ file: `/opt/${path}`, content })),
          { file: "/opt/janitor.json", content: pulumi.secret(order) },
        ],
        volumes: [{ volumeName: names.data, containerPath: "/data" }],
        networksAdvanced: [{ name: args.network }],
        restart: "unless-stopped",
        stopTimeout: 10,
        destroyGraceSeconds: 10,
        labels: labelsOf(args.stack),
        ...boundedLogs,
      },
      // The fixed name cannot exist twice.
      { parent: this, deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}

/** The scripts that work on a stack's state, which need nothing but Node. */
function upkeepFiles(): { path: string; content: string }[] {
  const components = join(import.meta.dirname, "..");
  const scripts = readdirSync(join(components, "upkeep")).sort();
  const paths = ["host/problem.ts", ...scripts.map((script) => `upkeep/${script}`)];
  return [
    { path: "package.json", content: '{ "type": "module" }\n' },
    ...paths.map((path) => ({ path, content: readFileSync(join(components, path), "utf8") })),
  ];
}
