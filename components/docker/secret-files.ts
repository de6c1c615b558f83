import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerNames, labelsOf, secretFolder } from "../../lib/stack/docker-names.ts";

export interface SecretFileArgs {
  stack: string;
  /** Its name in {@link secretFolder}, which also tells its volume from the stack's others. */
  file: string;
  content: pulumi.Input<string>;
  /** Any image that is there: nothing of it runs. */
  image: pulumi.Input<string>;
}

/**
 * A file with secrets, for one container, in a volume of its own. Not in its environment: the Docker plugin puts every
 * container that it reads, environment and all, into Pulumi's debug log, and so into `--event-log` (5.2.0, measured).
 * The engine takes a file only for a container whose root may be written to, so one that is made and never started
 * takes it. Readable by every user there, because the engine makes it root's; a container here has one user.
 */
export class SecretFile extends pulumi.ComponentResource {
  /** What the container's inputs have for it. */
  public readonly mount: { volumeName: pulumi.Output<string>; containerPath: string; readOnly: true };
  /** Of the container: another content is another container. */
  public readonly label: { label: string; value: pulumi.Output<string> };

  constructor(name: string, args: SecretFileArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:SecretFile", name, {}, opts);
    const labels = labelsOf(args.stack);
    const own = dockerNames(args.stack).secret(args.file);
    const content = pulumi.secret(args.content);
    const volume = new docker.Volume(`${name}-volume`, { name: own, labels }, { parent: this });
    const writer = new docker.Container(
      `${name}-writer`,
      {
        name: own,
        image: args.image,
        // The engine wants one, although it never runs.
        command: ["true"],
        volumes: [{ volumeName: volume.name, containerPath: secretFolder }],
        uploads: [{ file: `${secretFolder}/${args.file}`, content, permissions: "0444" }],
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
      containerPath: secretFolder,
      readOnly: true,
    };
    // Of a content with at least one key of 192 random bits: nobody finds it by trying.
    const digest = content.apply((text) => createHash("sha256").update(text).digest("hex").slice(0, 16));
    this.label = { label: "inngest-local.secrets", value: pulumi.unsecret(digest) };
    this.registerOutputs({});
  }
}
