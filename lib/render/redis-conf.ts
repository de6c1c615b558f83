import { secretFolder } from "../stack/docker-names.ts";

export const redisConfFile = "redis.conf";

/** Shell command that gives redis-cli in the queue's container its password. */
export const redisPassword = `export REDISCLI_AUTH="$(sed -n 's/^requirepass //p' ${secretFolder}/${redisConfFile})"`;

/** Configuration of a durable queue, by directive. Redis' defaults would lose the last minutes, or evict what is queued. */
function durableQueue(dir: string): [string, string][] {
  return [
    ["dir", dir],
    ["appendonly", "yes"],
    ["appendfsync", "everysec"],
    ["save", ""],
    ["maxmemory-policy", "noeviction"],
  ];
}

/** `redis.conf` of a durable queue in a container. */
export function renderRedisConf(options: { password: string; maxMemory?: string }): string {
  return [
    ...durableQueue("/data").map(([name, value]) => `${name} ${value || '""'}`),
    ...(options.maxMemory ? [`maxmemory ${options.maxMemory}`] : []),
    `requirepass ${options.password}`,
    "",
  ].join("\n");
}

/**
 * Arguments of a durable queue that only its own account reaches: it listens at no port, and keeps data and socket in
 * its working directory. Without a secret among them it needs no file.
 */
export function renderRedisArguments(socket: string): string[] {
  const local: [string, string][] = [
    ["port", "0"],
    ["unixsocket", socket],
    ["unixsocketperm", "600"],
  ];
  return [...durableQueue("."), ...local].flatMap(([name, value]) => [`--${name}`, value]);
}
