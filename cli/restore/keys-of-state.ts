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
 * An exported state reduced to what was generated (keys and passwords) and its parents: imported into an empty stack, it
 * keeps the keys, and the next `up` creates everything else.
 *
 * @param exported output of `pulumi stack export`
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
    // A reference to a provider is `urn::id`.
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
