import type * as pulumi from "@pulumi/pulumi";
import { type KubernetesPart, partLabels } from "../../lib/stack/kubernetes-names.ts";

/** Where the objects of a part are created. */
export interface PartScope {
  /** First part of their Pulumi names. */
  name: string;
  part: KubernetesPart;
  namespace: pulumi.Input<string>;
  parent: pulumi.Resource;
}

/** Metadata of an object in a scope, without its name; Pulumi chooses one for an object that gets none. */
export function metadataOf({ part, namespace }: PartScope) {
  return { namespace, labels: partLabels(part) };
}
