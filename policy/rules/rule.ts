import type { Resource } from "../resource.ts";

/** One trap. */
export interface Rule<Settings = Record<string, never>> {
  name: string;
  /** What must be so, and why. */
  description: string;
  /** What to do about it. */
  remedy: string;
  /** Whether a violation stops the update, where the pack's configuration says nothing else. */
  level: "mandatory" | "advisory";
  /** JSON schemas of its settings, each with the default that stands when nothing is configured. */
  settings?: { [Key in keyof Settings]: Schema<Settings[Key]> };
  /** What breaks the rule, a phrase each. Never quotes what may be a secret. */
  check(resource: Resource, settings: Settings): string[];
}

/** A setting's JSON schema. */
export interface Schema<T> {
  type: "integer" | "array";
  items?: { type: "integer" | "string" };
  default: T;
}
