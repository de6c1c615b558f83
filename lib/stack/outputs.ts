import type { Durability, Supervised } from "./durability.ts";
import type { Forward, LocalEndpoints } from "./endpoints.ts";
import type { FormerHome } from "./home.ts";
import type { Stores } from "./stores.ts";

/** Outputs of a stack that is up, secrets in clear: not to be printed as a whole. */
export interface Outputs extends Omit<LocalEndpoints, "workerEndpoint"> {
  /** Password of user `admin`. @default the dashboard asks for none */
  dashboardPassword?: string;
  /** The keys by which everything but the worker calls the server and sends events. */
  signingKey: string;
  eventKey: string;
  /** Variables by which an app of the user's own becomes this stack's worker. */
  appEnvironment: Record<string, string>;
  durability: Durability;
  /** What keeps each process on this machine running, by the name of its part. */
  supervision: Record<string, Supervised>;
  stores: Stores;
  /** What the stack belongs to. */
  home?: FormerHome;
  /** How to reach the URLs from this machine. @default directly */
  forward?: Forward;
}
