import type { Deploy } from "../endpoints.ts";
import { serverService } from "../kubernetes/entrance.ts";
import { afterStores, layFoundation, providerOf } from "../kubernetes/foundation.ts";
import { surround } from "../kubernetes/surroundings.ts";
import { ClusterDatabase, databaseAddress } from "./database.ts";
import { ClusterJanitor } from "./janitor.ts";
import { ClusterServer } from "./server.ts";

/** Tier `cluster`: several servers on one Postgres and one Redis, and as many workers as the work asks for. */
export const deploy: Deploy = (settings, keys, opts) => {
  const foundation = layFoundation(settings, providerOf(settings, opts), opts);
  const { namespace, storage, kubernetes } = foundation;
  const reachesOutside = settings.redisUrl !== undefined || settings.postgresUrl !== undefined;
  const database = settings.postgresUrl
    ? undefined
    : new ClusterDatabase("database", { namespace, image: settings.databaseImage, storage }, foundation.opts);
  const server = new ClusterServer(
    "server",
    {
      ...foundation,
      image: settings.serverImage,
      keys: keys.server,
      profile: settings.profile,
      dashboard: settings.dashboard,
      postgresUrl: settings.postgresUrl ?? (database as ClusterDatabase).url,
      replicas: kubernetes.replicas,
      waitFor: [...foundation.waitFor, ...(database ? [databaseAddress] : [])],
      reachesOutside,
    },
    afterStores(foundation, ...(database ? [database] : [])),
  );
  if (settings.retention !== undefined) {
    new ClusterJanitor(
      "janitor",
      {
        namespace,
        image: settings.databaseImage,
        postgresUrl: settings.postgresUrl ?? (database as ClusterDatabase).url,
        days: settings.retention,
        reachesOutside: settings.postgresUrl !== undefined,
      },
      foundation.opts,
    );
  }
  return surround({
    settings,
    keys,
    foundation,
    server,
    gateways: 2,
    autoscaler: { kind: kubernetes.autoscaler, min: 2, max: kubernetes.maxWorkers, serverService },
    reachesOutside,
    durability: "kept: history in Postgres and runs in flight in Redis, also when a server is lost",
    opts,
  });
};
