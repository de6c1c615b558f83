import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { type Deploy, eventsUrl, storesOf } from "../endpoints.ts";
import { serverService } from "./entrance.ts";
import { afterStores, layFoundation, providerOf } from "./foundation.ts";
import { namespaceOf } from "./pod.ts";
import { KubernetesServer, serverClaim } from "./server.ts";
import { surround } from "./surroundings.ts";
import { KubernetesUpkeep } from "./upkeep.ts";

/** Tier `kubernetes`: one server on any conformant cluster, its history and queue on claims. */
export const deploy: Deploy = (settings, keys, opts) => {
  const foundation = layFoundation(settings, providerOf(settings, opts), opts);
  const server = new KubernetesServer(
    "server",
    {
      ...foundation,
      image: settings.serverImage,
      keys: keys.server,
      profile: settings.profile,
      dashboard: settings.dashboard,
    },
    afterStores(foundation),
  );
  const { namespace, redisUrl } = foundation;
  const { context, kubeconfig } = foundation.kubernetes;
  const reachesOutside = settings.redisUrl !== undefined;
  new KubernetesUpkeep(
    "upkeep",
    {
      namespace,
      image: settings.upkeepImage,
      claim: server.claim,
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
    gateways: 1,
    reachesOutside,
    durability: { kept: true, text: "history and runs in flight are kept, also when every pod is deleted at once" },
    opts,
  });
  const stores = storesOf(
    {
      kind: "kubernetes",
      context,
      kubeconfig,
      namespace: namespaceOf(settings.stack),
      image: settings.upkeepImage,
      history: { claim: serverClaim },
    },
    redisUrl,
  );
  return { ...endpoints, stores };
};
