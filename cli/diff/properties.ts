/** Inputs as a list of leaves that two revisions can be compared by. */

/** A value without parts; `undefined` where there is none. */
export type Leaf = string | number | boolean | null | undefined;

/** Says of what stands for a secret or for a value that only a provider knows what it is. */
export class Wording {
  readonly #stands: [string, string][];

  constructor(madeUp: Record<string, string>, secrets: readonly string[]) {
    const all = { ...madeUp, ...Object.fromEntries(secrets.map((secret) => [secret, "secret"])) };
    // The longest first: the name of a Kubernetes object holds its id.
    this.#stands = Object.entries(all).sort(([a], [b]) => b.length - a.length);
  }

  /** A text as a person may read it. */
  of(text: string): string {
    return this.#stands.reduce((worded, [value, meaning]) => worded.replaceAll(value, `[${meaning}]`), text);
  }

  /** {@link of}, for every text within a value. */
  within<T>(value: T): T {
    return JSON.parse(this.of(JSON.stringify(value ?? null)), (_, inner) =>
      typeof inner === "string" && /^[0-9a-f]{40,}$/.test(inner) ? `${inner.slice(0, 12)}…` : inner,
    ) as T;
  }
}

/**
 * Every leaf by its path, such as `spec.containers[inngest].image`. A list whose items have names, or are `NAME=value`,
 * goes by those, so that an item more does not change all after it; a text that is JSON is looked into.
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

/** Properties that tell the items of a list apart, the first that does. */
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
