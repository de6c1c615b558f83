import { silenceDebugLog } from "./components/debug-log.ts";
import type { Deploy } from "./components/endpoints.ts";
import { Preflight } from "./components/preflight.ts";
import { preflightSpec } from "./components/preflight-spec.ts";
import { Registration } from "./components/registration.ts";
import { keysOf, SigningKeys } from "./components/signing-keys.ts";
import { keepStackTracesPlain } from "./components/stack-traces.ts";
import { loadSettings } from "./config.ts";

keepStackTracesPlain();
silenceDebugLog();
const settings = loadSettings();
const preflight = new Preflight("preflight", preflightSpec(settings));
export const keys = settings.keysFrom
  ? await keysOf(settings.keysFrom)
  : new SigningKeys("keys", settings.keys, { dependsOn: preflight }).keys;
/** The server's own, and of those with which it takes events the one that stays. */
export const signingKey = keys.server.signingKey;
export const eventKey = keys.server.eventKeys.apply(([first]) => first as string);

// Only the chosen tier's module, and with it only the provider SDK that it uses, is loaded.
const { deploy }: { deploy: Deploy } = await import(`./components/${settings.tier}/index.ts`);
const endpoints = deploy(settings, keys, { dependsOn: preflight });
new Registration("registration", {
  apiUrl: endpoints.apiUrl,
  workerUrl: endpoints.workerUrl,
  workerEndpoint: endpoints.workerEndpoint,
  forward: endpoints.forward,
  way: settings.worker.runtime === "external" ? "external" : settings.worker.transport,
  signingKey,
  server: endpoints.server,
  worker: endpoints.worker,
});

export const { dashboardUrl, dashboardPassword, apiUrl, eventUrl, workerUrl } = endpoints;
export const { durability, supervision, appEnvironment, stores, forward } = endpoints;
