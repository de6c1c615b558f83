import * as pulumi from "@pulumi/pulumi";
import type { Supervised } from "../../lib/stack/durability.ts";
import { loopbackEndpoints } from "../../lib/stack/endpoints.ts";
import { type Endpoints, eventsUrl, type Keys, storesOf } from "../endpoints.ts";
import type { ProgramSettings } from "../settings.ts";
import { appEnvironment, workerOptions } from "../worker-environment.ts";
import { ProcessJanitor } from "./janitor.ts";
import { ProcessServer } from "./server.ts";
import { HostWorker } from "./worker.ts";

/** Tier `process`: server, worker and janitor as processes of this user on this machine. */
export function deploy(settings: ProgramSettings, keys: Keys, opts: pulumi.ComponentResourceOptions): Endpoints {
  const { stack, dataDir, port, redisUrl, serverBinary, profile, dashboard, supervision } = settings;
  const { placement: _, runtime, ...worker } = settings.worker;
  const endpoints = loopbackEndpoints(settings);
  const sdkUrl = endpoints.workerEndpoint;
  const server = new ProcessServer(
    "server",
    {
      stack,
      dataDir,
      binary: serverBinary,
      port,
      redisUrl,
      keys: keys.server,
      sdkUrl,
      profile,
      dashboard,
      supervision,
    },
    opts,
  );
  const { retention } = settings;
  const janitor =
    retention === undefined
      ? undefined
      : new ProcessJanitor(
          "janitor",
          { stack, dataDir, days: retention, redisUrl, alarmUrl: eventsUrl(endpoints.eventUrl, keys), supervision },
          pulumi.mergeOptions(opts, { dependsOn: server }),
        );
  const links = { serverUrl: endpoints.apiUrl, origin: endpoints.workerUrl, keys: keys.worker };
  const hostWorker =
    runtime === "external"
      ? undefined
      : new HostWorker(
          "worker",
          { stack, dataDir, runtime, redisUrl, ...worker, ...links, supervision },
          workerOptions(worker.transport, server, opts),
        );
  return {
    ...endpoints,
    appEnvironment: appEnvironment(links),
    server: server.startId,
    stores: storesOf({ kind: "host", dataDir }, redisUrl),
    worker: hostWorker?.startId ?? pulumi.output(endpoints.workerEndpoint),
    supervision: pulumi.all<Supervised>({
      server: server.supervised,
      ...(hostWorker && { worker: hostWorker.supervised }),
      ...(janitor && { janitor: janitor.supervised }),
    }),
    durability: redisUrl
      ? { kept: true, text: "history and, in your Redis, runs in flight are kept" }
      : {
          kept: false,
          text: "history survives a restart of the server, runs in flight do not; set redisUrl, or use the stack persistent",
        },
  };
}
