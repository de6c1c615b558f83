import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerLabels } from "../../lib/stack/docker-names.ts";
import { containerUser, hardened } from "./hardening.ts";

export interface VolumeArgs {
  stack: string;
  volume: string;
  /** An image with `chown`, such as that of the container that will use the volume. */
  image: pulumi.Input<string>;
  /** Keep the volume when the stack is destroyed. @default true */
  protectData?: boolean | undefined;
}

/**
 * A named volume that belongs to {@link containerUser}: Docker creates it as root's. A container that runs once changes
 * its owner and stays, exited, as long as the volume is used, so that neither is deleted without the other. Returns the
 * volume's name, known once the owner is changed.
 */
export function volumeWithOwner(name: string, args: VolumeArgs, parent: pulumi.Resource): pulumi.Output<string> {
  const { stack } = args;
  const volume = new docker.Volume(
    name,
    { name: args.volume, labels: dockerLabels(stack) },
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
