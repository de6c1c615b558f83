import type { Deploy } from "./components/endpoints.ts";
import { Preflight } from "./components/preflight.ts";
import { preflightSpec } from "./components/preflight-spec.ts";
import { Registration } from "./components/registration.ts";
import { keysOf, SigningKeys } from "./components/signing-keys.ts";
import { loadSettings } from "./config.ts";

const settings = loadSettings();
const preflight = new Preflight("preflight", preflightSpec(settings));
const { signingKey, eventKey } = settings.keysFrom
  ? await keysOf(settings.keysFrom)
  : new SigningKeys("keys", { signingKey: settings.signingKey, eventKey: settings.eventKey }, { dependsOn: preflight });

// Only the chosen tier's module, and with it only the provider SDK that it uses, is loaded.
const { deploy }: { deploy: Deploy } = await import(`./components/${settings.tier}/index.ts`);
const endpoints = deploy(settings, { signingKey, eventKey }, { dependsOn: preflight });
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

export const { dashboardUrl, apiUrl, eventUrl, workerUrl, durability, supervision, appEnvironment, forward } =
  endpoints;
export { eventKey, signingKey };
