import type { Resource } from "../../resource.ts";

type Broken = [title: string, resource: Resource, seen: string[], settings?: object];
type Kept = [title: string, resource: Resource, settings?: object];

/** By rule: what breaks it, with what it says then, and what keeps it. */
export type Cases = Record<string, { breaks: Broken[]; keeps: Kept[] }>;
