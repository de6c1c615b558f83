import type { Resource } from "../../resource.ts";

type Rejected = [title: string, resource: Resource, violations: string[], settings?: object];
type Accepted = [title: string, resource: Resource, settings?: object];

/** By rule: resources that violate it, with the expected violations, and resources that comply. */
export type Cases = Record<string, { rejects: Rejected[]; accepts: Accepted[] }>;
