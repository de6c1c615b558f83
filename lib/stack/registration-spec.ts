import type { Forward, LocalEndpoints } from "./endpoints.ts";

/** What `scripts/register.ts` reads from its standard input as JSON. */
export interface RegistrationSpec extends Pick<LocalEndpoints, "apiUrl" | "workerUrl" | "workerEndpoint"> {
  /** How to reach the URLs from this machine. @default directly */
  forward?: Forward | undefined;
  /**
   * `serve`: the registration is pushed. `connect`: the worker registers when it connects, and the script waits for
   * that. `external`: pushed too, but an app that is not up yet is left to the server, which asks it every few seconds.
   */
  way: "serve" | "connect" | "external";
  signingKey: string;
}
