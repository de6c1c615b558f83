import "./components/pulumi-sdk.ts";
import { type Deploy, eventsUrl, stackOutputs } from "./components/endpoints.ts";
import { ScheduledBackups } from "./components/host/scheduled-backups.ts";
import { Preflight } from "./components/preflight.ts";
import { Registration } from "./components/registration.ts";
import { loadSettings } from "./components/settings.ts";
import { stackKeys } from "./components/signing-keys.ts";
import { preflightSpec } from "./lib/stack/preflight-spec.ts";

/** Each is loaded only for its tier, and with it only the provider SDK that the tier uses. */
const tierModules = {
  process: "./components/host/deploy.ts",
  docker: "./components/docker/deploy.ts",
  kubernetes: "./components/kubernetes/deploy.ts",
  cluster: "./components/kubernetes/deploy.ts",
};

const settings = loadSettings();
const preflight = new Preflight("preflight", preflightSpec(settings));
const { keys, current } = await stackKeys(settings, { dependsOn: preflight });
const { deploy }: { deploy: Deploy } = await import(tierModules[settings.tier]);
const endpoints = await deploy(settings, keys, { dependsOn: preflight });
const way = settings.worker.runtime === "external" ? "external" : settings.worker.transport;
const registration = new Registration("registration", { ...endpoints, way, signingKey: current.signingKey });
const alarmUrl = eventsUrl(endpoints.eventUrl, keys);
const backups =
  settings.backups &&
  new ScheduledBackups("backup", { ...settings, ...settings.backups, alarmUrl }, { dependsOn: registration });

export default stackOutputs(endpoints, { keys, current }, backups, preflight);
