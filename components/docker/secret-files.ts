import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerLabels, dockerNames, secretFolder } from "../../lib/stack/docker-names.ts";

export interface SecretFilesArgs {
  stack: string;
  /** Tells their volume from the stack's others. */
  volume: string;
  /** Contents by path below the folder; secret. */
  contents: Record<string, pulumi.Input<string>>;
  /**
   * Sources of this project, by path both from its folder and below the container's; the state keeps hashes.
   *
   * @default none
   */
  sources?: Record<string, string>;
  /** Where the container finds them. @default {@link secretFolder} */
  folder?: string;
  /** Any image that is there: nothing of it runs. */
  image: pulumi.Input<string>;
}

/**
 * Files for one container, in a volume of their own. Not in its environment, because the Docker plugin puts the
 * environment of every container that it reads into Pulumi's debug log. The engine uploads only to containers whose
 * root is writable, so a container that is created and never started receives them. They belong to root there, and
 * every user may read them: a container of a stack has one user.
 */
export class SecretFiles extends pulumi.ComponentResource {
  /** Mounts the files in their container. */
  public readonly mount: { volumeName: pulumi.Output<string>; containerPath: string; readOnly: true };
  /** Label of their container, which other contents change, and which thereby replaces it. */
  public readonly label: { label: string; value: pulumi.Output<string> };

  constructor(name: string, args: SecretFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:SecretFile", name, {}, opts);
    const { stack, sources = {}, folder = secretFolder } = args;
    const labels = dockerLabels(stack);
    const own = dockerNames(stack).secret(args.volume);
    const contents = pulumi.secret(args.contents);
    const upload = (path: string) => ({ file: `${folder}/${path}`, permissions: "0444" });
    const volume = new docker.Volume(`${name}-volume`, { name: own, labels }, { parent: this });
    const writer = new docker.Container(
      `${name}-writer`,
      {
        name: own,
        image: args.image,
        // The engine requires one, although the container never runs.
        command: ["true"],
        volumes: [{ volumeName: volume.name, containerPath: folder }],
        uploads: [
          ...Object.keys(args.contents).map((path) => ({
            ...upload(path),
            content: contents.apply((all) => all[path]),
          })),
          ...Object.entries(sources).map(([path, text]) => ({
            ...upload(path),
            source: path,
            sourceHash: hashOf(text),
          })),
        ],
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
    // The contents hold at least one key of 192 random bits, so the hash does not reveal them.
    const hash = contents.apply((all) => hashOf([...Object.values(all), ...Object.values(sources)].join("\0")));
    this.label = { label: "inngest-local.secrets", value: pulumi.unsecret(hash).apply((text) => text.slice(0, 16)) };
    this.registerOutputs({});
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
