/**
 * Steps of a key rotation, in order; it ends at `none` again, with the next generation of keys. Each step restarts the
 * worker or the server, never both, and works while one of them has taken it and the other has not, in either order:
 *
 * | step | server signs with | server takes events with | worker accepts | worker sends with |
 * |---|---|---|---|---|
 * | `none` | current | current | current | current |
 * | `accept` | previous | previous | current, previous | previous |
 * | `switch` | current | current, previous | current, previous | previous |
 * | `retire` | current | current, previous | current | current |
 *
 * The server takes one signing key and several event keys. The worker takes two signing keys (its SDK tries
 * INNGEST_SIGNING_KEY_FALLBACK when the first one does not fit) and sends with one event key.
 */
export const rotationSteps = ["none", "accept", "switch", "retire"] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** A signing key and an event key of one generation. */
export interface KeyPair {
  signingKey: string;
  eventKey: string;
}

export interface ServerKeys {
  signingKey: string;
  /** Each of them is accepted, the first one for the longest. */
  eventKeys: [string, ...string[]];
}

export interface WorkerKeys {
  signingKey: string;
  /** Accepted, and tried, after the first. */
  signingKeyFallback?: string | undefined;
  eventKey: string;
}

/** The keys of a stack: the same for server and worker except during a rotation. */
export interface StackKeys {
  server: ServerKeys;
  worker: WorkerKeys;
}

/** The keys by which everything but the worker calls the server and sends events. */
export function currentPair({ server }: StackKeys): KeyPair {
  return { signingKey: server.signingKey, eventKey: server.eventKeys[0] };
}

/** The keys of server and worker at a step. `previous` does not matter at `none`. */
export function keysAt(step: RotationStep, current: KeyPair, previous: KeyPair): StackKeys {
  const only = (pair: KeyPair): ServerKeys => ({ signingKey: pair.signingKey, eventKeys: [pair.eventKey] });
  const both: ServerKeys = {
    signingKey: current.signingKey,
    // An event key that the user sets is the same in both generations.
    eventKeys: current.eventKey === previous.eventKey ? [current.eventKey] : [current.eventKey, previous.eventKey],
  };
  const accepting: WorkerKeys = {
    signingKey: current.signingKey,
    signingKeyFallback: previous.signingKey,
    eventKey: previous.eventKey,
  };
  switch (step) {
    case "none":
      return { server: only(current), worker: current };
    case "accept":
      return { server: only(previous), worker: accepting };
    case "switch":
      return { server: both, worker: accepting };
    case "retire":
      return { server: both, worker: current };
  }
}
