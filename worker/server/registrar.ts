import { setTimeout as delay } from "node:timers/promises";
import type { InngestFunction } from "inngest";
import { log } from "../log.ts";
import { listFunctions } from "./api.ts";
import { register } from "./registration.ts";

/** Pause between two looks at the server, and the longest one between two tries, in milliseconds. */
const LOOK_PAUSE = 5_000;
const FIRST_PAUSE = 250;

/** Keeps this app registered; it never gives up and never ends the process. */
export interface Registrar {
  /** Whether the server has accepted the functions since it was last away. */
  readonly registered: boolean;
  stop(): void;
}

/**
 * Registers now, trying until the server accepts, then watches: it registers again when the server was away or no longer knows
 * the app (an ephemeral server forgets it with every start).
 *
 * Changed triggers are not looked for here but by the function `audit-triggers`, or several replicas with different versions
 * would overwrite each other every few seconds during a rollout.
 */
export function keepRegistered(functions: InngestFunction.Any[]): Registrar {
  const stopping = new AbortController();
  const state = { registered: false };
  void watch(functions, state, stopping.signal);
  return {
    get registered() {
      return state.registered;
    },
    stop: () => stopping.abort(),
  };
}

async function watch(
  functions: InngestFunction.Any[],
  state: { registered: boolean },
  signal: AbortSignal,
): Promise<void> {
  let pause = FIRST_PAUSE;
  let complained = "";
  while (!signal.aborted) {
    try {
      if (state.registered && (await listFunctions()).length === 0) state.registered = false;
      if (!state.registered) {
        await register(functions);
        log("info", "registered", { functions: functions.length });
      }
      state.registered = true;
      complained = "";
      pause = FIRST_PAUSE;
    } catch (error) {
      state.registered = false;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== complained) log("warn", "not registered, trying on", { reason });
      complained = reason;
      pause = Math.min(pause * 2, LOOK_PAUSE);
    }
    await delay(state.registered ? LOOK_PAUSE : pause, undefined, { signal }).catch(() => {});
  }
}
