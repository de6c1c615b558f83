import { dataFolder } from "../host/paths.ts";
import { hasQueueData } from "../host/queue.ts";
import { type Part, type PartName, type PlaceKind, type PlainSettings, partsOf } from "../stack/parts.ts";
import type { Stores } from "../stack/stores.ts";
import type { StackData } from "./data.ts";
import { dockerPlace } from "./docker.ts";
import { dockerData } from "./docker-data.ts";
import { hostPlace } from "./host.ts";
import { hostData } from "./host-data.ts";
import { kubernetesPlace } from "./kubernetes.ts";
import { kubernetesData } from "./kubernetes-data.ts";
import type { PartState, Place, PlacedListener } from "./place.ts";

/** The drivers of the places where parts of a stack may run. Nothing is started or asked yet. */
export function placesOf({ stack, dataDir, dockerContext, kubernetes }: PlainSettings): Record<PlaceKind, Place> {
  return {
    host: hostPlace({ stack, dataDir }),
    docker: dockerPlace({ stack, context: dockerContext }),
    kubernetes: kubernetesPlace({ stack, context: kubernetes?.context ?? "", kubeconfig: kubernetes?.kubeconfig }),
  };
}

/** The data of a stack, where its outputs say that they are. */
export function dataOf({ stack, serverBinary }: PlainSettings, { place }: Stores): StackData {
  switch (place.kind) {
    case "host":
      return hostData(stack, place, serverBinary);
    case "docker":
      return dockerData(stack, place);
    case "kubernetes":
      return kubernetesData(place);
  }
}

/** Whether a stack of this machine has the queue that its settings want: it comes up without one, too. */
function hasQueue({ stack, dataDir }: PlainSettings): boolean {
  return hasQueueData(dataFolder(stack, dataDir));
}

/** The parts of a stack, each acted on by the driver of its place. */
export class StackParts {
  /** Each after those that it needs. */
  readonly all: readonly Part[];
  readonly #places: Record<PlaceKind, Place>;

  constructor(settings: PlainSettings, places = placesOf(settings)) {
    this.all = partsOf(settings).filter((part) => part.place !== "host" || part.name !== "queue" || hasQueue(settings));
    this.#places = places;
  }

  find(name: PartName): Part | undefined {
    return this.all.find((part) => part.name === name);
  }

  placeOf(part: Part): Place {
    return this.#places[part.place];
  }

  /** A part as it is now. One whose place cannot be asked counts as not running. */
  async stateOf(part: Part): Promise<PartState> {
    const place = this.placeOf(part);
    return await place.state(part).catch((error: Error) => ({
      isRunning: false,
      what: place.describe(part),
      detail: error.message,
    }));
  }

  /** Addresses at which the stack is reached from beyond the places of its parts. */
  async listeners(): Promise<PlacedListener[]> {
    const kinds = [...new Set(this.all.map(({ place }) => place))];
    const found = kinds.map((kind) => this.#places[kind].listeners(this.all.filter(({ place }) => place === kind)));
    return (await Promise.all(found)).flat();
  }

  /** Brings back these parts, or all. Resolves to whether that needs no `pulumi up`. */
  async start(...names: PartName[]): Promise<boolean> {
    let isEnough = true;
    for (const part of this.all) {
      if (names.length > 0 && !names.includes(part.name)) continue;
      isEnough = (await this.placeOf(part).start(part)) && isEnough;
    }
    return isEnough;
  }

  /** Stops these parts one after the other, as far as the stack has them. */
  async stop(...names: PartName[]): Promise<void> {
    for (const name of names) {
      const part = this.find(name);
      if (part) await this.placeOf(part).stop(part);
    }
  }

  /**
   * Stops what writes to the history and the queue, so that both may be replaced. The janitor is the last: without a
   * server to run next to, a CronJob starts none again.
   */
  async stopWriters(): Promise<void> {
    await this.stop("backup", "server", "janitor");
  }
}
