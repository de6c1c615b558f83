import { createApp } from "./app.ts";
import type { Environment } from "./environment.ts";
import { functions } from "./functions/index.ts";
import { listenEverywhere } from "./http/listeners.ts";
import { log } from "./log.ts";
import { connect } from "./redis/connection.ts";
import { runtimeName } from "./runtime.ts";
import { connectTransport } from "./transport/connect.ts";
import { serveTransport } from "./transport/serve.ts";
import type { Transport } from "./transport/transport.ts";

/** Starts listening and registers with the server. @throws {Error} when the first address is not available */
export async function startWorker(environment: Environment): Promise<{ stop(): Promise<void> }> {
  const { transport: kind, hosts, port, redisUrl } = environment;
  const transport: Transport = kind === "connect" ? connectTransport(functions) : serveTransport(functions);
  const listener = await listenEverywhere(createApp(transport).fetch, hosts, port);
  transport.start();
  if (redisUrl) connect();
  else log("info", "shared state and the agent gateway are off: REDIS_URL is not set");
  log("info", "worker started", { runtime: runtimeName, transport: kind, functions: functions.length });
  return {
    async stop() {
      await Promise.all([listener.close(), transport.stop()]);
    },
  };
}
