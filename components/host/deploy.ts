import * as pulumi from "@pulumi/pulumi";
import { queueUrl } from "../../lib/host/queue.ts";
import { oldestQueue } from "../../lib/host/versions.ts";
import { type Durability, everythingKept, type Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { type Endpoints, eventsUrl, type Keys, storesOf } from "../endpoints.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import { ProcessJanitor } from "./janitor.ts";
import { deployQueue } from "./queue.ts";
import { ProcessServer } from "./server.ts";
import { HostWorker } from "./worker.ts";

/** Tier `process`: queue, server, worker and janitor as processes of this user on this machine. */
export async function deploy(
  settings: ProgramSettings,
  keys: Keys,
  base: pulumi.ComponentResourceOptions,
): Promise<Endpoints> {
  const { stack, dataDir, port, serverBinary, profile, dashboard, supervision } = settings;
  const part = { stack, dataDir, supervision };
  const queue = await deployQueue(settings, base);
  const redisUrl = queue ? queueUrl : settings.redisUrl;
  // Whoever uses the queue starts after it and is stopped before it.
  const opts = queue ? pulumi.mergeOptions(base, { dependsOn: queue }) : base;
  const { placement: _, runtime, ...worker } = settings.worker;
  const endpoints = loopbackEndpoints(settings);
  const sdkUrl = endpoints.workerEndpoint;
  const server = new ProcessServer(
    "server",
    {
      ...part,
      binary: serverBinary,
      port,
      redisUrl,
      queueStartId: queue?.startId,
      keys: keys.server,
      sdkUrl,
      profile,
      dashboard,
    },
    opts,
  );
  const { retention } = settings;
  const janitor =
    retention === undefined
      ? undefined
      : new ProcessJanitor(
          "janitor",
          { ...part, days: retention, redisUrl, alarmUrl: eventsUrl(endpoints.eventUrl, keys) },
          pulumi.mergeOptions(opts, { dependsOn: server }),
        );
  const links = { serverUrl: endpoints.apiUrl, origin: endpoints.workerUrl, keys: keys.worker };
  const hostWorker =
    runtime === "external"
      ? undefined
      : new HostWorker(
          "worker",
          { ...part, runtime, redisUrl, ...worker, ...links },
          workerOptions(worker.transport, server, opts),
        );
  return {
    ...endpoints,
    appEnvironment: appEnvironment(links),
    server: server.startId,
    stores: storesOf({ kind: "host", dataDir }, redisUrl),
    worker: hostWorker?.startId ?? pulumi.output(endpoints.workerEndpoint),
    supervision: pulumi.all<Supervised>({
      ...(queue && { queue: queue.supervised }),
      server: server.supervised,
      ...(hostWorker && { worker: hostWorker.supervised }),
      ...(janitor && { janitor: janitor.supervised }),
    }),
    durability: durabilityOf(settings, queue !== undefined),
  };
}

function durabilityOf({ redisUrl, durable }: ProgramSettings, hasQueue: boolean): Durability {
  if (hasQueue) return everythingKept;
  if (redisUrl) return { kept: true, text: "history and, in your Redis, runs in flight are kept" };
  const why = durable
    ? `this machine has no valkey-server or redis-server of ${oldestQueue} or newer`
    : "durable is false";
  return { kept: false, text: `history survives a restart of the server, runs in flight do not: ${why}` };
}
