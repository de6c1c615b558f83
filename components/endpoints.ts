import * as pulumi from "@pulumi/pulumi";
import type { StackKeys } from "../lib/stack/key-rotation.ts";
import type { Stores } from "../lib/stack/stores.ts";
import type { ProgramSettings } from "./settings.ts";
import { servePath } from "./worker-environment.ts";

/** The keys of a stack, all secret: the same for server and worker but while they change. */
export type Keys = pulumi.Output<StackKeys>;

/** Where a stack's server and worker are, whatever tier they run on: from this machine, without a slash at the end. */
export interface Endpoints {
  dashboardUrl: string;
  /** Of user `admin`, secret; `undefined` where the dashboard asks for none. */
  dashboardPassword?: pulumi.Output<string>;
  apiUrl: string;
  /** Events are posted to this URL followed by `/` and the event key. */
  eventUrl: string;
  /** The worker's origin. */
  workerUrl: string;
  /** The worker's Inngest endpoint. */
  workerEndpoint: string;
  /** What an app of the user's own needs to be this stack's worker; secret. */
  appEnvironment: pulumi.Output<Record<string, string>>;
  /** Changes whenever the running server is another one. */
  server: pulumi.Output<string>;
  /** Changes whenever the running worker is another one. */
  worker: pulumi.Output<string>;
  /** What keeps each host process running, and what that survives and what not. */
  supervision: pulumi.Output<Record<string, string>>;
  /** Where history and queue are; secret. */
  stores: pulumi.Output<Stores>;
  /** How this machine gets into the stack's network where the URLs alone do not lead there. */
  forward?: Forward;
  /** What is kept and what is lost, in a sentence that begins with `kept` or `warning`. */
  durability: string;
}

/** Services of a cluster, as `kubectl port-forward` reaches them; `local` is the port that the URLs have. */
export interface Forward {
  context: string;
  kubeconfig?: string | undefined;
  namespace: string;
  server: ForwardedService;
  /** `undefined` when the worker is not in the cluster. */
  worker?: ForwardedService | undefined;
}

export interface ForwardedService {
  service: string;
  port: number;
  local: number;
}

/** What each tier's module exports as `deploy`. */
export type Deploy = (settings: ProgramSettings, keys: Keys, opts: pulumi.ComponentResourceOptions) => Endpoints;

/** Where server and worker are for this machine, given what the settings say. */
export function loopbackEndpoints({ port, worker }: { port: number; worker: { port: number; url: URL | undefined } }) {
  const apiUrl = `http://127.0.0.1:${port}`;
  const workerUrl = worker.url?.origin ?? `http://127.0.0.1:${worker.port}`;
  return {
    dashboardUrl: `http://localhost:${port}`,
    apiUrl,
    eventUrl: `${apiUrl}/e`,
    workerUrl,
    workerEndpoint: worker.url?.href ?? workerUrl + servePath,
  };
}

/** Where events are posted, key and all; secret because the key is. */
export function eventsUrl(eventUrl: string, keys: Keys): pulumi.Output<string> {
  return pulumi.interpolate`${eventUrl}/${keys.server.eventKeys.apply(([first]) => first as string)}`;
}
