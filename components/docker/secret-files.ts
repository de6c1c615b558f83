import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerNames, labelsOf, secretFolder } from "../../lib/stack/docker-names.ts";

export interface SecretFilesArgs {
  stack: string;
  /** Tells their volume from the stack's others. */
  volume: string;
  /** Contents that are encrypted in the state, by path below the folder. */
  secrets: Record<string, pulumi.Input<string>>;
  /** Contents that are not, by path below the folder. @default none */
  files?: Record<string, string>;
  /** Where the container finds them. @default {@link secretFolder} */
  folder?: string;
  /** Any image that is there: nothing of it runs. */
  image: pulumi.Input<string>;
}

/**
 * Files for one container, in a volume of their own. Not in its environment, because the Docker plugin puts the environment of
 * every container that it reads into Pulumi's debug log. The engine uploads only to containers whose root is writable, so a
 * container that is created and never started receives them. They belong to root there, and every user may read them: a
 * container of a stack has one user.
 */
export class SecretFiles extends pulumi.ComponentResource {
  /** Mounts the files in their container. */
  public readonly mount: { volumeName: pulumi.Output<string>; containerPath: string; readOnly: true };
  /** Label of their container, which other contents change, and which thereby replaces it. */
  public readonly label: { label: string; value: pulumi.Output<string> };

  constructor(name: string, args: SecretFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:SecretFile", name, {}, opts);
    const { stack, files = {}, folder = secretFolder } = args;
    const labels = labelsOf(stack);
    const own = dockerNames(stack).secret(args.volume);
    const secrets = Object.entries(args.secrets).map(([path, content]) => ({ path, content: pulumi.secret(content) }));
    const plain = Object.entries(files).map(([path, content]) => ({ path, content }));
    const contents = [...secrets, ...plain];
    const volume = new docker.Volume(`${name}-volume`, { name: own, labels }, { parent: this });
    const writer = new docker.Container(
      `${name}-writer`,
      {
        name: own,
        image: args.image,
        // The engine requires one, although the container never runs.
        command: ["true"],
        volumes: [{ volumeName: volume.name, containerPath: folder }],
        uploads: contents.map(({ path, content }) => ({ file: `${folder}/${path}`, content, permissions: "0444" })),
        networkMode: "none",
        restart: "no",
        start: false,
        mustRun: false,
        labels,
      },
      // The fixed name cannot exist twice.
      { parent: this, deleteBeforeReplace: true },
    );
    this.mount = {
      volumeName: pulumi.all([volume.name, writer.id]).apply(([found]) => found),
      containerPath: folder,
      readOnly: true,
    };
    // Each secret holds at least one key of 192 random bits, so the digest does not reveal it.
    const digest = pulumi
      .all(contents.map(({ content }) => content))
      .apply((all) => createHash("sha256").update(all.join("\0")).digest("hex").slice(0, 16));
    this.label = { label: "inngest-local.secrets", value: pulumi.unsecret(digest) };
    this.registerOutputs({});
  }
}
