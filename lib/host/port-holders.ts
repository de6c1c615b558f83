import { publishedPorts } from "../places/docker-engine.ts";
import { holderOf, isTaken } from "./ports.ts";
import { running } from "./supervisors/index.ts";
import type { ServiceIdentity } from "./supervisors/service.ts";

/** A port of 127.0.0.1 that a stack wants, with the setting that decides it. */
export interface WantedPort {
  setting: string;
  port: number;
}

/** One that the stack cannot have. */
export interface TakenPort extends WantedPort {
  /** Who has it, for people. */
  by?: string;
  /** Why this user may not listen there at all, such as EACCES. */
  code?: string | undefined;
}

/** Which of the wanted ports somebody else has than the stack's own services and containers. */
export async function takenPorts(
  wanted: WantedPort[],
  own: { services: ServiceIdentity[]; docker?: { stack: string; context?: string | undefined } | undefined },
): Promise<TakenPort[]> {
  const services = (await Promise.all(own.services.map(running))).flatMap((service) => service?.pid ?? []);
  const published = own.docker ? await publishedPorts(own.docker.stack, own.docker.context) : [];
  const found: TakenPort[] = [];
  for (const { setting, port } of wanted) {
    if (published.includes(port)) continue;
    const taken = await isTaken({ host: "127.0.0.1", port }).catch((error: NodeJS.ErrnoException) => error.code);
    if (taken === false) continue;
    if (taken !== true) {
      found.push({ setting, port, code: taken });
      continue;
    }
    const holder = await holderOf(port);
    // Who holds it is not to be known without lsof and ss. A service looks again when the one before it has gone.
    if (holder ? services.includes(holder.pid) : services.length > 0) continue;
    const by = holder ? `${holder.command} (pid ${holder.pid})` : "a process that this user may not see";
    found.push({ setting, port, by });
  }
  return found;
}
