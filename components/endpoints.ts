import * as pulumi from "@pulumi/pulumi";
import type { Supervised } from "../lib/stack/durability.ts";
import type { LocalEndpoints } from "../lib/stack/endpoints.ts";
import type { FormerHome } from "../lib/stack/home.ts";
import { currentPair, type KeyPair, type StackKeys } from "../lib/stack/key-rotation.ts";
import type { Outputs } from "../lib/stack/outputs.ts";
import type { Stores } from "../lib/stack/stores.ts";
import type { ProgramSettings } from "./settings.ts";

/** The keys of server and worker; secret. */
export type Keys = pulumi.Output<StackKeys>;

/** What each tier's module exports as `deploy`. */
export type Deploy = (
  settings: ProgramSettings,
  keys: Keys,
  opts: pulumi.ComponentResourceOptions,
) => Endpoints | Promise<Endpoints>;

/** How a deployed stack is reached, and what the rest of the program has to know of it. */
export type Endpoints = LocalEndpoints &
  Pick<Outputs, "forward" | "durability"> & {
    [Key in "appEnvironment" | "supervision" | "stores"]: pulumi.Output<Outputs[Key]>;
  } & {
    dashboardPassword?: pulumi.Output<string>;
    /** Changes with every start of the server. */
    server: pulumi.Output<string>;
    /** Changes with every start of the worker. */
    worker: pulumi.Output<string>;
  };

/** URL to which events are posted, with the event key; secret. */
export function eventsUrl(eventUrl: string, keys: Keys): pulumi.Output<string> {
  return pulumi.interpolate`${eventUrl}/${keys.apply(currentPair).eventKey}`;
}

/** {@link Stores} as an output; secret as a whole, because the queue's URL holds its password. */
export function storesOf(
  place: pulumi.Input<Stores["place"]>,
  queueUrl: pulumi.Input<Stores["queueUrl"]>,
): pulumi.Output<Stores> {
  return pulumi.secret({ place, queueUrl });
}

/** The stack's outputs. Those that the tier does not have are left out: Pulumi would warn of each at every `up`. */
export function stackOutputs(
  endpoints: Endpoints,
  { keys, current }: { keys: Keys; current: pulumi.Output<KeyPair> },
  backups: { supervised: pulumi.Output<Supervised> } | undefined,
  { home }: { home: pulumi.Output<FormerHome | undefined> },
): Record<string, unknown> {
  const { dashboardUrl, dashboardPassword, apiUrl, eventUrl, workerUrl } = endpoints;
  const { durability, appEnvironment, stores, forward } = endpoints;
  const { signingKey, eventKey } = current;
  const supervision = backups
    ? pulumi.all([endpoints.supervision, backups.supervised]).apply(([others, backup]) => ({ ...others, backup }))
    : endpoints.supervision;
  const outputs = {
    ...{ dashboardUrl, dashboardPassword, apiUrl, eventUrl, workerUrl, keys, signingKey, eventKey },
    ...{ durability, supervision, appEnvironment, stores, forward, home },
  };
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== undefined));
}
