import type { Database } from "../data/requests.ts";
import type { DataProgram } from "../runtime-files.ts";
import type { Stores } from "../stack/stores.ts";
import { dockerSite } from "./docker-site.ts";
import { hostSite } from "./host-site.ts";
import { kubernetesSite } from "./kubernetes-site.ts";

/** The place where a stack's state is. */
export interface Site {
  /** The history there. */
  database: Database;
  /** Folder, or schema of Postgres', there in which replaced state is kept; `name` within the data. */
  aside(name: string): string;
  /**
   * Runs a script there, with `order` on its standard input, and returns what it answers. `order.folder` is the folder
   * `files` of this machine: what is in it is there too; where nothing is, what the script puts into it is here
   * afterwards.
   */
  run<T>(program: DataProgram, order: object, files?: string): Promise<T>;
  /** Version of the server, as its program says it. */
  serverVersion(): Promise<string>;
  /** The same of the server in an image, where that is not for this machine to say. Throws {@link Problem} without one. */
  versionIn?(image: string): Promise<string>;
  /** Ends the server, and whatever else writes into the state; the next `up` or {@link Site.start} brings it back. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Lets no more events in. */
  closeDoor(): Promise<void>;
  /** Ends the worker too, so that another stack may have the ports of this one; the queue stays. */
  stopWorker(): Promise<void>;
  /** Ends what is left after both, and brings it back. */
  stopQueue(): Promise<void>;
  startQueue(): Promise<void>;
  /** Copies the history of a running server that keeps it in its container, as `history.db`. */
  copyUnkept?(folder: string): Promise<void>;
}

export async function siteOf(
  stack: string,
  { place }: Stores,
  { serverBinary, dataDir }: { serverBinary?: string | undefined; dataDir?: string | undefined } = {},
): Promise<Site> {
  switch (place.kind) {
    case "host":
      return hostSite(stack, place, serverBinary);
    case "docker":
      return dockerSite(stack, place, dataDir);
    case "kubernetes":
      return kubernetesSite(stack, place, dataDir);
  }
}
