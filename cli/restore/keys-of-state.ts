interface Resource {
  urn: string;
  id?: string;
  type: string;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
}

interface State {
  deployment: { resources?: Resource[]; pending_operations?: unknown };
}

const generated = "random:index/randomPassword:RandomPassword";

/**
 * An exported state with nothing left in it but what was generated (keys and passwords) and what that stands under: put
 * into an empty stack, it keeps its keys, and everything else is made anew.
 */
export function keysOfState(exported: string): string {
  const state = JSON.parse(exported) as State;
  const { resources = [] } = state.deployment;
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const kept = new Set<string>();
  const keep = (urn: string | undefined): void => {
    const resource = urn === undefined ? undefined : byUrn.get(urn);
    if (!resource || kept.has(resource.urn)) return;
    kept.add(resource.urn);
    keep(resource.parent);
    // A provider is referred to by `urn::id`.
    keep(resource.provider?.slice(0, resource.provider.lastIndexOf("::")));
  };
  for (const { urn, type } of resources) if (type === generated) keep(urn);
  state.deployment.resources = resources
    .filter(({ urn }) => kept.has(urn))
    .map(({ propertyDependencies: _, dependencies = [], ...resource }) => ({
      ...resource,
      dependencies: dependencies.filter((urn) => kept.has(urn)),
    }));
  delete state.deployment.pending_operations;
  return JSON.stringify(state);
}
