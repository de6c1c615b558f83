import type { Deploy } from "../endpoints.ts";
import { afterStores, layFoundation, providerOf } from "./foundation.ts";
import { KubernetesServer } from "./server.ts";
import { surround } from "./surroundings.ts";

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
  return surround({
    settings,
    keys,
    foundation,
    server,
    gateways: 1,
    reachesOutside: settings.redisUrl !== undefined,
    durability: "kept: history and runs in flight, also when every pod is deleted at once",
    opts,
  });
};
