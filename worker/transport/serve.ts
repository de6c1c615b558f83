import { setTimeout as delay } from "node:timers/promises";
import type { InngestFunction } from "inngest";
import { reasonOf } from "../errors.ts";
import { log } from "../log.ts";
import { listFunctions } from "../server/api.ts";
import { register } from "../server/registration.ts";
import type { Transport } from "./transport.ts";

/** Pause between two checks while registered, and the longest pause between two attempts to register. */
const pollMs = 5_000;
const firstRetryMs = 250;

/**
 * The server sends requests to `/api/inngest`; the worker only has to stay registered.
 *
 * It retries until the server accepts the app, and registers it again after the server was unavailable or no longer knows the
 * app: an ephemeral server forgets it with every start. Changed triggers are left to the function `audit-triggers`. Found here,
 * replicas of different versions would overwrite each other every few seconds during a rollout.
 */
export function serveTransport(functions: InngestFunction.Any[]): Transport {
  const stopping = new AbortController();
  const { signal } = stopping;
  let registered = false;

  async function stayRegistered(): Promise<void> {
    let pauseMs = firstRetryMs;
    let logged = "";
    while (!signal.aborted) {
      try {
        if (registered && (await listFunctions()).length === 0) registered = false;
        if (!registered) {
          await register(functions);
          log("info", "registered", { functions: functions.length });
        }
        registered = true;
        logged = "";
        pauseMs = firstRetryMs;
      } catch (error) {
        registered = false;
        const reason = reasonOf(error);
        if (reason !== logged) log("warn", "not registered, retrying", { reason });
        logged = reason;
        pauseMs = Math.min(pauseMs * 2, pollMs);
      }
      await delay(registered ? pollMs : pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    name: "serve",
    get registered() {
      return registered;
    },
    start() {
      void stayRegistered();
    },
    async stop() {
      stopping.abort();
    },
  };
}
