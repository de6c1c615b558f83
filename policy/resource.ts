/** Stands where a preview cannot know a value yet; `pulumi up` judges the resource again before it makes it. */
export const unknown: unique symbol = Symbol("unknown");

/** A value that may not be known yet. */
export type Maybe<T> = T | typeof unknown;

/** A resource's properties; secrets are in clear, so no rule may quote a value that could be one. */
// biome-ignore lint/suspicious/noExplicitAny: the properties of every provider's resources, read defensively
export type Properties = Record<string, any>;

/** A resource as a program asks for it. */
export interface Resource {
  /** Such as `docker:index/container:Container`. */
  type: string;
  /** Its types from the outermost component to itself: `a:b:Component$docker:index/volume:Volume`. */
  lineage: string;
  properties: Properties;
  protect: boolean;
  additionalSecretOutputs: string[];
}

/** Properties without their guard: {@link unknown} where reading one throws. */
export function withoutGuard(properties: Properties): Properties {
  const read = (value: () => unknown): unknown => {
    let found: unknown;
    try {
      found = value();
    } catch {
      return unknown;
    }
    if (Array.isArray(found)) return Array.from(found.keys(), (index) => read(() => (found as unknown[])[index]));
    return isObject(found) ? withoutGuard(found) : found;
  };
  return Object.fromEntries(Object.keys(properties).map((key) => [key, read(() => properties[key])]));
}

/** The objects of a list, and {@link unknown} for each, or for the whole list, that is not known. */
export function objectsAndUnknown(list: unknown): Maybe<Properties>[] {
  if (list === unknown) return [unknown];
  const items: unknown[] = Array.isArray(list) ? list : [];
  return items.filter((item) => item === unknown || isObject(item)) as Maybe<Properties>[];
}

/** The known objects of a list. */
export function objects(list: unknown): Properties[] {
  return objectsAndUnknown(list).filter((item) => item !== unknown);
}

/** The known words of a list. */
export function words(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}

/** Every known text within a value. */
export function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return isObject(value) ? Object.values(value).flatMap(texts) : [];
}
