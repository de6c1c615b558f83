import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../lib/stack/docker-names.ts";
import { containerUser, hardened } from "./hardening.ts";

export interface OwnedVolumeArgs {
  stack: string;
  /** Name of the volume in Docker. */
  volume: string;
  /** An image with a shell, such as that of the container that will use the volume. */
  image: pulumi.Input<string>;
  /** Keep it when the stack is destroyed. @default true */
  protectData?: boolean | undefined;
}

/**
 * A named volume that belongs to the user of the containers: Docker makes it root's, and an older version of this
 * stack may have filled it as root. A container that runs once sees to it and stays, ended, as long as the volume is
 * used, so that neither goes without the other. Returns its name, known when that is done.
 */
export function ownedVolume(name: string, args: OwnedVolumeArgs, parent: pulumi.Resource): pulumi.Output<string> {
  const { stack } = args;
  const volume = new docker.Volume(
    name,
    { name: args.volume, labels: labelsOf(stack) },
    { parent, retainOnDelete: args.protectData ?? true },
  );
  const owner = new docker.Container(
    `${name}-owner`,
    {
      ...hardened({ stack, memory: 64, cpuShares: 256, capabilities: ["CAP_CHOWN", "CAP_DAC_OVERRIDE"] }),
      name: `${args.volume}-owner`,
      image: args.image,
      user: "0:0",
      entrypoints: ["chown"],
      command: ["-R", containerUser, "/data"],
      volumes: [{ volumeName: volume.name, containerPath: "/data" }],
      networkMode: "none",
      restart: "no",
      attach: true,
      mustRun: false,
    },
    { parent, deleteBeforeReplace: true, replaceOnChanges: ["tmpfs"] },
  );
  return pulumi.all([volume.name, owner.id]).apply(([found]) => found);
}

/**
 * Shell lines that make the user owner of files below /data that an older container, root, still wrote while they
 * changed hands: the folders are its own, so it may put a copy in their place.
 */
export const takeOverFiles = [
  'find /data -type f ! -user "$(id -u)" | while read -r file; do',
  '  cp "$file" "$file.own" && mv -f "$file.own" "$file"',
  "done",
].join("\n");
