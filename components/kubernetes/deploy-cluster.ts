import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { type Deploy, eventsUrl, storesOf } from "../endpoints.ts";
import { ClusterServer } from "./cluster-server.ts";
import { ClusterUpkeep } from "./cluster-upkeep.ts";
import { ClusterDatabase, databaseAddress } from "./database.ts";
import { serverService } from "./entrance.ts";
import { afterStores, layFoundation, providerOf } from "./foundation.ts";
import { namespaceOf } from "./pod.ts";
import { surround } from "./surroundings.ts";

/** Tier `cluster`: several servers on one Postgres and one Redis, and as many workers as the work asks for. */
export const deploy: Deploy = (settings, keys, opts) => {
  const foundation = layFoundation(settings, providerOf(settings, opts), opts);
  const { namespace, storage, kubernetes, redisUrl } = foundation;
  const reachesOutside = settings.redisUrl !== undefined || settings.postgresUrl !== undefined;
  const database = settings.postgresUrl
    ? undefined
    : new ClusterDatabase("database", { namespace, image: settings.databaseImage, storage }, foundation.opts);
  const postgresUrl = settings.postgresUrl ?? (database as ClusterDatabase).url;
  const server = new ClusterServer(
    "server",
    {
      ...foundation,
      image: settings.serverImage,
      keys: keys.server,
      profile: settings.profile,
      dashboard: settings.dashboard,
      postgresUrl,
      replicas: kubernetes.replicas,
      databaseAddress: database && databaseAddress,
      reachesOutside,
    },
    afterStores(foundation, ...(database ? [database] : [])),
  );
  const { secret } = new ClusterUpkeep(
    "upkeep",
    {
      namespace,
      image: settings.upkeepImage,
      postgresImage: settings.databaseImage,
      postgresUrl,
      redisUrl,
      days: settings.retention,
      alarmUrl: eventsUrl(`http://${serverService}:${gatewayPorts.http}/e`, keys),
      reachesOutside,
    },
    foundation.opts,
  );
  const endpoints = surround({
    settings,
    keys,
    foundation,
    server,
    gateways: 2,
    autoscaler: { kind: kubernetes.autoscaler, min: 2, max: kubernetes.maxWorkers, serverService },
    reachesOutside,
    durability: {
      kept: true,
      text: "history in Postgres and runs in flight in Redis are kept, also when a server is lost",
    },
    opts,
  });
  const { context, kubeconfig } = kubernetes;
  const place = pulumi.output({
    kind: "kubernetes" as const,
    context,
    kubeconfig,
    namespace: namespaceOf(settings.stack),
    image: settings.upkeepImage,
    history: { postgresImage: settings.databaseImage, secret },
  });
  return { ...endpoints, stores: storesOf(place, redisUrl) };
};
