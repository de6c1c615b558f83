import { isObject, type Resource, stringsIn } from "./resource.ts";

/** An entry of a ConfigMap or Secret. */
export interface ConfigEntry {
  name: string;
  text: string;
}

/** The entries of a ConfigMap or Secret, those of a Secret decoded; none for any other resource. */
export function configEntries({ type, properties }: Resource): ConfigEntry[] {
  const named = (entries: unknown, decode: (text: string) => string = (text) => text) =>
    isObject(entries)
      ? Object.entries(entries).flatMap(([name, value]) =>
          stringsIn(value).map((text) => ({ name, text: decode(text) })),
        )
      : [];
  if (type === "kubernetes:core/v1:ConfigMap") return named(properties.data);
  if (type !== "kubernetes:core/v1:Secret") return [];
  const decoded = named(properties.data, (text) => Buffer.from(text, "base64").toString("utf8"));
  return [...named(properties.stringData), ...decoded];
}
