import "./components/lazy-serializer.ts";
import * as pulumi from "@pulumi/pulumi";
import { silenceDebugLog } from "./components/debug-log.ts";
import { type Deploy, eventsUrl } from "./components/endpoints.ts";
import { handOver } from "./components/hand-over.ts";
import { ScheduledBackups } from "./components/host/scheduled-backups.ts";
import { Preflight } from "./components/preflight.ts";
import { Registration } from "./components/registration.ts";
import { loadSettings } from "./components/settings.ts";
import { keysOf, SigningKeys } from "./components/signing-keys.ts";
import { keepStackTracesPlain } from "./components/stack-traces.ts";
import { preflightSpec } from "./lib/stack/preflight-spec.ts";

/** The module of each tier: only the chosen one's, and with it only the provider SDK that it uses, is loaded. */
const deployModules = {
  process: "./components/host/deploy.ts",
  docker: "./components/docker/deploy.ts",
  kubernetes: "./components/kubernetes/deploy.ts",
  cluster: "./components/kubernetes/deploy.ts",
} as const;

keepStackTracesPlain();
silenceDebugLog();
const settings = loadSettings();
const preflight = new Preflight("preflight", preflightSpec(settings));
const keys = settings.keysFrom
  ? await keysOf(settings.keysFrom)
  : new SigningKeys("keys", settings.keys, { dependsOn: preflight }).keys;
/** The server's own, and of those with which it takes events the one that stays. */
const signingKey = keys.server.signingKey;
const eventKey = keys.server.eventKeys.apply(([first]) => first as string);

const { deploy }: { deploy: Deploy } = await import(deployModules[settings.tier]);
const endpoints = deploy(settings, keys, { dependsOn: preflight });
const registration = new Registration("registration", {
  apiUrl: endpoints.apiUrl,
  workerUrl: endpoints.workerUrl,
  workerEndpoint: endpoints.workerEndpoint,
  forward: endpoints.forward,
  way: settings.worker.runtime === "external" ? "external" : settings.worker.transport,
  signingKey,
  server: endpoints.server,
  worker: endpoints.worker,
});
const backups =
  settings.backups &&
  new ScheduledBackups(
    "backup",
    { ...settings, ...settings.backups, alarmUrl: eventsUrl(endpoints.eventUrl, keys) },
    // Its first round needs the stack's outputs.
    { dependsOn: registration },
  );

const { dashboardUrl, dashboardPassword, apiUrl, eventUrl, workerUrl } = endpoints;
const { durability, appEnvironment, stores, forward } = endpoints;
// What `npm start` sends a first event by, as soon as that finds its function.
pulumi
  .output({ dashboardUrl, apiUrl, workerUrl, signingKey, eventKey, durability, forward, known: registration.known })
  .apply(handOver);
const supervision = backups
  ? pulumi.all([endpoints.supervision, backups.supervised]).apply(([others, backup]) => ({ ...others, backup }))
  : endpoints.supervision;
const outputs = {
  ...{ dashboardUrl, dashboardPassword, apiUrl, eventUrl, workerUrl, keys, signingKey, eventKey },
  ...{ durability, supervision, appEnvironment, stores, forward },
};
/** The stack's outputs. Those that the tier does not have are left out: Pulumi would warn of each at every `up`. */
export default Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== undefined));
