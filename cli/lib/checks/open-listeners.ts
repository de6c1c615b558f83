import { hostGateway } from "../../../lib/places/docker-engine.ts";
import type { PlacedListener } from "../../../lib/places/place.ts";
import type { StackParts } from "../../../lib/places/places.ts";
import type { Settings } from "../../../lib/settings/settings.ts";

/** An address of a stack that other machines may reach, although no setting asks for that. */
export interface OpenListener extends PlacedListener {
  /** Known and documented: Connect's ports on the process tier listen on every interface. */
  documented: boolean;
}

/** Addresses of a stack beyond loopback, except those that its settings ask for. */
export async function openListeners({
  parts,
  settings: { dockerContext },
}: {
  parts: StackParts;
  settings: Pick<Settings, "dockerContext">;
}): Promise<OpenListener[]> {
  const reachesBridge = parts.all.some(({ onDockerBridge }) => onDockerBridge);
  const [listeners, bridge] = await Promise.all([
    parts.listeners(),
    reachesBridge ? hostGateway(dockerContext).catch(() => undefined) : undefined,
  ]);
  return listeners
    .filter(({ host, port, part }) => {
      const isAskedFor = part?.exposedPorts?.includes(port) || (part?.onDockerBridge && host === bridge);
      return !isLoopback(host) && !isAskedFor;
    })
    .map((listener) => ({ ...listener, documented: isDocumented(listener) }));
}

export function isLoopback(address: string): boolean {
  return /^(127\.|::1$|\[::1\]$|localhost$|::ffff:127\.)/.test(address);
}

function isDocumented({ part, port }: PlacedListener): boolean {
  return part?.ports.some((each) => each.port === port && each.everyInterface === true) ?? false;
}
