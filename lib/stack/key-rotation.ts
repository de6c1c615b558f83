/**
 * Steps of a change of keys, in order. Each restarts the worker or the server and never both, and every state of the
 * one works with every state of the other that it can meet, so no step depends on who is up first:
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
 * INNGEST_SIGNING_KEY_FALLBACK when a signature or an answer of 401 speaks against the first) and sends with one event
 * key. `settle` is what `none` is, and says of a stack that its change may not have reached it yet.
 */
export const rotationSteps = ["none", "accept", "switch", "retire", "settle"] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** A signing key and an event key that were made together. */
export interface KeyPair {
  signingKey: string;
  eventKey: string;
}

/** What the server is told of keys. */
export interface ServerKeys {
  signingKey: string;
  /** With each of them events are taken. */
  eventKeys: string[];
}

/** What the worker is told of keys. */
export interface WorkerKeys {
  signingKey: string;
  /** Accepted and tried beside the first. */
  signingKeyFallback?: string | undefined;
  eventKey: string;
}

export interface ToldKeys {
  server: ServerKeys;
  worker: WorkerKeys;
}

/** Who is told which keys at a step. `previous` is not looked at where nothing is changing. */
export function keysAt(step: RotationStep, current: KeyPair, previous: KeyPair): ToldKeys {
  const only = (pair: KeyPair): ServerKeys => ({ signingKey: pair.signingKey, eventKeys: [pair.eventKey] });
  const both = {
    signingKey: current.signingKey,
    // A key of one's own does not change.
    eventKeys: [...new Set([current.eventKey, previous.eventKey])],
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
