import { publishedPorts } from "../places/docker-engine.ts";
import type { WantedPort } from "../stack/parts.ts";
import { holderOf, isTaken } from "./ports.ts";
import { running } from "./supervisors/index.ts";
import type { ServiceIdentity } from "./supervisors/service.ts";

/** A wanted port that the stack cannot have. */
export interface TakenPort extends WantedPort {
  /** The program that has it, for people; `undefined` where `code` says why nobody may listen there. */
  by?: string;
  /** Why this user may not listen there, such as EACCES. */
  code?: string | undefined;
}

/** The wanted ports that are taken, and not by the stack's own services and containers. */
export async function takenPorts(
  wanted: WantedPort[],
  own: { services: ServiceIdentity[]; docker?: { stack: string; context?: string | undefined } | undefined },
): Promise<TakenPort[]> {
  const [services, published] = await Promise.all([
    Promise.all(own.services.map(running)),
    own.docker ? publishedPorts(own.docker.stack, own.docker.context) : Promise.resolve<number[]>([]),
  ]);
  const pids = services.flatMap((service) => service?.pid ?? []);
  const looks = wanted.map(async ({ setting, port }): Promise<TakenPort[]> => {
    if (published.includes(port)) return [];
    const taken = await isTaken({ host: "127.0.0.1", port }).catch((error: NodeJS.ErrnoException) => error.code);
    if (taken === false) return [];
    if (taken !== true) return [{ setting, port, code: taken }];
    const holder = await holderOf(port);
    // Without lsof and ss the holder is unknown. A service looks again when its predecessor has gone.
    if (holder ? pids.includes(holder.pid) : pids.length > 0) return [];
    const by = holder ? `${holder.command} (pid ${holder.pid})` : "a process that this user may not see";
    return [{ setting, port, by }];
  });
  return (await Promise.all(looks)).flat();
}
