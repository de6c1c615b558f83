/** Inputs as leaves by path, by which two revisions are compared. */

/** A value without parts, or `undefined` where there is none. */
export type Leaf = string | number | boolean | null | undefined;

/** Replaces placeholders of secrets, and values that only a provider knows, by what they are. */
export class Redactor {
  readonly #descriptions: [string, string][];

  constructor(computed: Record<string, string>, secrets: readonly string[]) {
    const all = { ...computed, ...Object.fromEntries(secrets.map((secret) => [secret, "secret"])) };
    // The longest first: the name of a Kubernetes object contains its id.
    this.#descriptions = Object.entries(all).sort(([a], [b]) => b.length - a.length);
  }

  /** A text that may be printed. */
  text(text: string): string {
    return this.#descriptions.reduce((redacted, [value, what]) => redacted.replaceAll(value, `[${what}]`), text);
  }

  /** A value whose texts may be printed; long hashes are shortened. */
  value<T>(value: T): T {
    return JSON.parse(this.text(JSON.stringify(value ?? null)), (_, inner) =>
      typeof inner === "string" && /^[0-9a-f]{40,}$/.test(inner) ? `${inner.slice(0, 12)}…` : inner,
    ) as T;
  }
}

/**
 * Every leaf by its path, such as `spec.containers[inngest].image`. Items of a list are found by their names, or as
 * `NAME=value`, so that a new item does not change all after it. Texts that are JSON are parsed.
 */
export function leaves(value: unknown, path = "", found = new Map<string, Leaf>()): Map<string, Leaf> {
  const parsed = typeof value === "string" ? (parsedJson(value) ?? value) : value;
  if (Array.isArray(parsed)) {
    if (parsed.length === 0) found.set(path, "[]");
    for (const [key, item] of keyed(parsed)) leaves(item, `${path}[${key}]`, found);
  } else if (typeof parsed === "object" && parsed !== null) {
    const entries = Object.entries(parsed).filter(([, inner]) => inner !== undefined);
    if (entries.length === 0 && path !== "") found.set(path, "{}");
    for (const [key, inner] of entries) leaves(inner, path === "" ? key : `${path}.${key}`, found);
  } else if (path !== "") {
    found.set(path, parsed as Leaf);
  }
  return found;
}

function parsedJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Properties by which items of a list are told apart: the first that differs in all of them. */
const names = ["name", "mountPath", "label", "host", "file", "key", "containerPort", "containerPath", "internal"];

function keyed(items: unknown[]): [string, unknown][] {
  const variables = items.map((item) => (typeof item === "string" ? /^(\w+)=(.*)$/s.exec(item) : null));
  if (variables.every((match) => match !== null) && new Set(variables.map((match) => match[1])).size === items.length) {
    return variables.map(([, name = "", value]) => [name, value]);
  }
  for (const property of names) {
    const found = items.map((item) => (item as Record<string, unknown> | null)?.[property]);
    const distinct = new Set(found.filter((name) => name !== undefined && typeof name !== "object"));
    if (distinct.size === items.length) return items.map((item, index) => [String(found[index]), item]);
  }
  return items.map((item, index) => [String(index), item]);
}
