import { isLastingVolume } from "../../cli/lib/progress/steps.ts";

interface Resource {
  type: string;
  inputs: Record<string, unknown>;
}

/**
 * Returns whether a resource of the plan holds data that are lost with it. A volume in memory does not, nor one with
 * files that the program uploads.
 */
export function keepsData(resources: readonly Resource[]): (resource: Resource) => boolean {
  const uploaded = new Set(resources.filter(isUploader).flatMap(volumesOf));
  return (resource) => isLastingVolume(resource) && !uploaded.has(resource.inputs.name as string);
}

/** Whether a container exists only for its uploads, and never runs. */
export function isUploader({ inputs }: Resource): boolean {
  return inputs.mustRun === false && Array.isArray(inputs.uploads) && inputs.uploads.length > 0;
}

/** Names of the volumes that a container mounts. */
export function volumesOf({ inputs }: Resource): string[] {
  const mounts = (inputs.volumes ?? []) as { volumeName?: string }[];
  return mounts.flatMap(({ volumeName }) => volumeName ?? []);
}
