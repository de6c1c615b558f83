/** Stands for a value that a preview does not know yet; `pulumi up` checks again before it creates the resource. */
export const unknown: unique symbol = Symbol("unknown");

/** A value that may not be known yet. */
export type Maybe<T> = T | typeof unknown;

/** A resource's properties. Secrets are in plain text, so a rule must not quote a value that could be one. */
// biome-ignore lint/suspicious/noExplicitAny: properties of any provider's resources, read defensively
export type Properties = Record<string, any>;

/** A resource as the program declares it. */
export interface Resource {
  /** Such as `docker:index/container:Container`. */
  type: string;
  /** The types from the outermost component to the resource: `a:b:Component$docker:index/volume:Volume`. */
  typeChain: string;
  properties: Properties;
  protect: boolean;
  additionalSecretOutputs: string[];
}

/** Copies properties with {@link unknown} in place of each value that throws when read, as Pulumi's unknown ones do. */
export function replaceUnknowns(properties: Properties): Properties {
  const read = (value: () => unknown): unknown => {
    let result: unknown;
    try {
      result = value();
    } catch {
      return unknown;
    }
    if (Array.isArray(result)) return Array.from(result.keys(), (index) => read(() => (result as unknown[])[index]));
    return isObject(result) ? replaceUnknowns(result) : result;
  };
  return Object.fromEntries(Object.keys(properties).map((key) => [key, read(() => properties[key])]));
}

/** The objects in a list, with {@link unknown} for each unknown item or for the whole list if that is unknown. */
export function objectsOrUnknown(list: unknown): Maybe<Properties>[] {
  if (list === unknown) return [unknown];
  const items: unknown[] = Array.isArray(list) ? list : [];
  return items.filter((item) => item === unknown || isObject(item)) as Maybe<Properties>[];
}

/** The known objects in a list. */
export function knownObjects(list: unknown): Properties[] {
  return objectsOrUnknown(list).filter((item) => item !== unknown);
}

/** The known strings in a list. */
export function knownStrings(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}

/** Every known string inside a value, at any depth. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return isObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}
