import type { Resource } from "../resource.ts";

/** A common mistake and how to find it. */
export interface Rule<Settings = Record<string, never>> {
  name: string;
  /** What must hold, and why. */
  description: string;
  /** What to do about a violation, as an imperative. */
  remedy: string;
  /** Whether a violation stops the update, unless the pack's configuration says otherwise. */
  level: "mandatory" | "advisory";
  /** JSON schemas of the settings, with their defaults. */
  settings?: { [Key in keyof Settings]: Schema<Settings[Key]> };
  /** Returns a phrase for each violation. Never quotes a value that may be a secret. */
  check(resource: Resource, settings: Settings): string[];
}

/** A setting's JSON schema. */
export interface Schema<T> {
  type: "integer" | "array";
  items?: { type: "integer" | "string" };
  default: T;
}
