import { setTimeout as delay } from "node:timers/promises";
import type { InngestFunction } from "inngest";
import { reasonOf } from "../errors.ts";
import { log } from "../log.ts";
import { listFunctions } from "./api.ts";
import { register } from "./registration.ts";

/** Pause between two checks while registered, and the longest pause between two attempts to register. */
const pollMs = 5_000;
const firstRetryMs = 250;

/** Keeps this app registered. It never gives up and never ends the process. */
export interface Registrar {
  /** Whether the server has accepted the functions and has been available since. */
  readonly registered: boolean;
  stop(): void;
}

/**
 * Registers the app, retrying until the server accepts it. Registers it again after the server was unavailable or no longer
 * knows the app: an ephemeral server forgets it with every start.
 *
 * Changed triggers are left to the function `audit-triggers`. Found here, replicas of different versions would overwrite each
 * other every few seconds during a rollout.
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
  let pauseMs = firstRetryMs;
  let logged = "";
  while (!signal.aborted) {
    try {
      if (state.registered && (await listFunctions()).length === 0) state.registered = false;
      if (!state.registered) {
        await register(functions);
        log("info", "registered", { functions: functions.length });
      }
      state.registered = true;
      logged = "";
      pauseMs = firstRetryMs;
    } catch (error) {
      state.registered = false;
      const reason = reasonOf(error);
      if (reason !== logged) log("warn", "not registered, retrying", { reason });
      logged = reason;
      pauseMs = Math.min(pauseMs * 2, pollMs);
    }
    await delay(state.registered ? pollMs : pauseMs, undefined, { signal }).catch(() => {});
  }
}
