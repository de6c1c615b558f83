import { secretFolder } from "../stack/docker-names.ts";

export const redisConfFile = "redis.conf";

/** Shell command that gives redis-cli in the queue's container its password. */
export const redisPassword = `export REDISCLI_AUTH="$(sed -n 's/^requirepass //p' ${secretFolder}/${redisConfFile})"`;

/** `redis.conf` of a durable queue. Redis' defaults would lose the last minutes, or evict what is queued. */
export function renderRedisConf(options: { password: string; maxMemory?: string }): string {
  return [
    "dir /data",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    ...(options.maxMemory ? [`maxmemory ${options.maxMemory}`] : []),
    `requirepass ${options.password}`,
    "",
  ].join("\n");
}
