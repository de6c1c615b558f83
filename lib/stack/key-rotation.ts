/**
 * Steps of a key rotation, in order. Each restarts the worker or the server and never both, and every state of the one
 * works with every state of the other that it can meet, so no step depends on which is up first:
 *
 * | step | server signs with | server takes events with | worker accepts | worker sends with |
 * |---|---|---|---|---|
 * | `none` | current | current | current | current |
 * | `accept` | previous | previous | current, previous | previous |
 * | `switch` | current | current, previous | current, previous | previous |
 * | `retire` | current | current, previous | current | current |
 * | `settle` | current | current | current | current |
 *
 * The server takes one signing key and several event keys; the worker takes two signing keys (its SDK tries
 * INNGEST_SIGNING_KEY_FALLBACK when a signature does not match the first, or an answer is 401) and sends with one event
 * key. `settle` has the keys of `none`, and marks a stack that may not have them yet.
 */
export const rotationSteps = ["none", "accept", "switch", "retire", "settle"] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** A signing key and an event key of one generation. */
export interface KeyPair {
  signingKey: string;
  eventKey: string;
}

/** The server's keys. */
export interface ServerKeys {
  signingKey: string;
  /** Each of them is accepted, the first one for the longest. */
  eventKeys: [string, ...string[]];
}

/** The worker's keys. */
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

/** The keys of server and worker at a step. `previous` is not used where nothing changes. */
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
    case "accept":
      return { server: only(previous), worker: accepting };
    case "switch":
      return { server: both, worker: accepting };
    case "retire":
      return { server: both, worker: current };
    default:
      return { server: only(current), worker: current };
  }
}
