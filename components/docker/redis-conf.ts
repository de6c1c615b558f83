/** `redis.conf` of a queue that survives: Redis' own defaults lose the last minutes, or evict what is queued. */
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
