import { hostGateway } from "../../../lib/places/docker-engine.ts";
import type { PlacedListener } from "../../../lib/places/place.ts";
import type { StackParts } from "../../../lib/places/places.ts";
import type { Settings } from "../../../lib/settings/settings.ts";
import type { Part } from "../../../lib/stack/parts.ts";

/** An address of a stack that other machines may reach, although no setting asks for that. */
export interface OpenListener extends PlacedListener {
  /** Known and documented: Connect's ports on the process tier listen on every interface. */
  documented: boolean;
}

/** Addresses of a stack's parts beyond loopback, except those that its settings ask for. */
export async function openListeners({
  parts,
  settings: { dockerContext },
}: {
  parts: StackParts;
  settings: Pick<Settings, "dockerContext">;
}): Promise<OpenListener[]> {
  const of = async (part: Part): Promise<OpenListener[]> => {
    const bridge = part.onDockerBridge ? await hostGateway(dockerContext).catch(() => undefined) : undefined;
    const listeners = await parts.placeOf(part).listeners(part);
    return listeners
      .filter(({ host, port }) => !isLoopback(host) && host !== bridge && !part.exposedPorts?.includes(port))
      .map((each) => ({ ...each, documented: isDocumented(part, each) }));
  };
  const found = (await Promise.all(parts.all.map(of))).flat();
  // A Service may lead to pods of several parts.
  return [...new Map(found.map((each) => [`${each.who} ${each.host} ${each.port}`, each])).values()];
}

export function isLoopback(address: string): boolean {
  return /^(127\.|::1$|\[::1\]$|localhost$|::ffff:127\.)/.test(address);
}

function isDocumented({ ports }: Part, { port }: PlacedListener): boolean {
  return ports.some((each) => each.port === port && each.everyInterface === true);
}
