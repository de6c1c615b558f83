import { isObject, type Resource, texts } from "./resource.ts";

/** The named texts of a ConfigMap or a Secret, a Secret's decoded. */
export function entriesOf({ type, properties }: Resource): { name: string; text: string }[] {
  const named = (entries: unknown, decode: (text: string) => string = (text) => text) =>
    isObject(entries)
      ? Object.entries(entries).flatMap(([name, value]) => texts(value).map((text) => ({ name, text: decode(text) })))
      : [];
  if (type === "kubernetes:core/v1:ConfigMap") return named(properties.data);
  if (type !== "kubernetes:core/v1:Secret") return [];
  const decoded = named(properties.data, (text) => Buffer.from(text, "base64").toString("utf8"));
  return [...named(properties.stringData), ...decoded];
}
