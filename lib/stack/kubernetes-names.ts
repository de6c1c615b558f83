/** What pods of a stack are for: value of a label on them, and name of their network rules. */
export type Component = "gateway" | "server" | "migration" | "queue" | "database" | "janitor" | "upkeep" | "worker";

/** Every object of a stack is in a namespace of its own, so that names within it need not carry the stack's. */
export function namespaceOf(stack: string): string {
  return `inngest-${stack}`;
}

/** Labels that only pods of this component have. */
export function selectorOf(component: Component): Record<string, string> {
  return { "app.kubernetes.io/component": component };
}

/** {@link selectorOf} as kubectl takes it. */
export function selectorText(component: Component): string {
  return Object.entries(selectorOf(component))
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
}

/** All labels of a component's pods and other objects. */
export function podLabels(component: Component): Record<string, string> {
  return {
    "app.kubernetes.io/name": "inngest",
    "app.kubernetes.io/part-of": "inngest-local",
    ...selectorOf(component),
  };
}
