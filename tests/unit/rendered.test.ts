// Proves what the files in tests/rendered/ say, which people review. Does not prove that their readers accept them:
// tests/process/env-file.test.ts reads env files back, and the integration suites run a server on the rest.
import { expect, test } from "vitest";
import { renderEnvFile } from "../../lib/render/env-file.ts";
import { renderRedisConf } from "../../lib/render/redis-conf.ts";
import {
  renderServerConfig,
  type ServerOptions,
  serverEnvironment,
  serverFlags,
} from "../../lib/render/server-options.ts";
import { renderWorkerVariables } from "../../lib/render/worker-variables.ts";
import { profiles } from "../../lib/settings/profile.ts";

const keys = { signingKey: "0123456789abcdef".repeat(4), eventKey: "fedcba9876543210".repeat(3) };
const { signingKey, eventKey } = keys;
const server: ServerOptions = {
  host: "127.0.0.1",
  port: 8288,
  connectGatewayPort: 8289,
  connectGatewayGrpcPort: 8290,
  connectExecutorGrpcPort: 8291,
  sqliteDir: "/home/you/data/server",
  signingKey,
  eventKeys: [eventKey],
  sdkUrl: "http://127.0.0.1:3111/api/inngest",
  profile: "balanced",
  dashboard: true,
};
const inContainer: ServerOptions = {
  ...server,
  host: "0.0.0.0",
  connectGatewayGrpcPort: 50052,
  connectExecutorGrpcPort: 50053,
  sqliteDir: "/data",
  redisUrl: "redis://:password@inngest-persistent-queue:6379",
  sdkUrl: "http://host.docker.internal:3111/api/inngest",
};
const rendered = (file: string) => `../rendered/${file}`;

test("the environment of a server in a container is as reviewed", async () => {
  const lines = Object.entries(serverEnvironment(inContainer)).map(([name, value]) => `${name}=${value}\n`);
  await expect(lines.join("")).toMatchFileSnapshot(rendered("server-container.env"));
});

test("inngest.json of a server is as reviewed", async () => {
  await expect(renderServerConfig(server)).toMatchFileSnapshot(rendered("inngest.json.txt"));
});

test("inngest.json with a user's Redis is as reviewed", async () => {
  const withRedis = renderServerConfig({ ...server, redisUrl: "rediss://:p%40ss@redis.internal:6380/1" });
  await expect(withRedis).toMatchFileSnapshot(rendered("inngest-with-redis.json.txt"));
});

test("redis.conf of the queue is as reviewed", async () => {
  await expect(renderRedisConf({ password: "password" })).toMatchFileSnapshot(rendered("redis.conf"));
});

test("the env file of a worker on the host is as reviewed", async () => {
  const variables = renderWorkerVariables({
    serverUrl: "http://127.0.0.1:8288",
    origin: "http://127.0.0.1:3111",
    port: 3111,
    transport: "connect",
    connectGatewayUrl: "ws://127.0.0.1:8289/v0/connect",
    redisUrl: "redis://:password@127.0.0.1:8290",
    variables: { AI_MODEL: "a model" },
    keys,
  });
  const text = renderEnvFile({ ...variables, HOST: "127.0.0.1,172.17.0.1", DATA_DIR: "/home/user/My data/worker" });
  await expect(text).toMatchFileSnapshot(rendered("worker.env"));
});

test("during a rotation both event keys are in one variable, and the worker has a second signing key", () => {
  const twoKeys = { ...inContainer, eventKeys: ["new", "old"] };
  expect(serverEnvironment(twoKeys).INNGEST_EVENT_KEY).toBe("new,old");
  expect(serverFlags(twoKeys)["event-key"]).toEqual(["new", "old"]);
  const worker = { serverUrl: "s", origin: "o", port: 1, transport: "serve", variables: {} } as const;
  const accepting = renderWorkerVariables({ ...worker, keys: { ...keys, signingKeyFallback: "ab".repeat(32) } });
  expect(accepting).toMatchObject({
    INNGEST_SIGNING_KEY: signingKey,
    INNGEST_SIGNING_KEY_FALLBACK: "ab".repeat(32),
  });
  expect(Object.keys(renderWorkerVariables({ ...worker, keys }))).not.toContain("INNGEST_SIGNING_KEY_FALLBACK");
});

test("environment and file configure the server the same way", () => {
  const environment = serverEnvironment(inContainer);
  for (const [flag, value] of Object.entries(serverFlags(inContainer))) {
    expect(environment[`INNGEST_${flag.toUpperCase().replaceAll("-", "_")}`]).toBe(String(value));
  }
  expect(JSON.parse(renderServerConfig(inContainer))).toEqual(serverFlags(inContainer));
});

test("a profile sets the server's tick, and how many steps a worker's call stores", () => {
  const ticks = profiles.map((profile) => [profile, serverFlags({ ...server, profile }).tick]);
  expect(Object.fromEntries(ticks)).toEqual({ balanced: 25, latency: 5, throughput: 25 });
  const worker = { serverUrl: "s", origin: "o", port: 1, transport: "serve", variables: {}, keys } as const;
  expect(renderWorkerVariables({ ...worker, checkpointSteps: 10 })).toMatchObject({ CHECKPOINT_STEPS: "10" });
  expect(Object.keys(renderWorkerVariables({ ...worker, checkpointSteps: 1 }))).not.toContain("CHECKPOINT_STEPS");
});

test("a server keeps all connections to Postgres that it may open", () => {
  const postgresUrl = "postgres://user:password@database:5432/inngest";
  expect(serverFlags({ ...server, postgresUrl, postgresConnections: 30 })).toMatchObject({
    "postgres-max-open-conns": 30,
    "postgres-max-idle-conns": 30,
  });
  expect(Object.keys(serverFlags({ ...server, postgresUrl })).join()).not.toContain("conns");
});

test("no option mentions Redis where there is none", () => {
  expect(Object.keys(serverEnvironment(server)).filter((name) => name.includes("REDIS"))).toEqual([]);
  expect(renderServerConfig(server)).not.toContain("redis");
});

test("the dashboard is turned off by the server's own option", () => {
  expect(serverFlags({ ...server, dashboard: false })["no-ui"]).toBe(true);
  expect(serverEnvironment({ ...inContainer, dashboard: false }).INNGEST_NO_UI).toBe("true");
  expect(serverFlags(server)).not.toHaveProperty("no-ui");
});

test("a worker checks signatures", () => {
  const variables = renderWorkerVariables({
    serverUrl: "s",
    origin: "o",
    port: 1,
    transport: "serve",
    variables: {},
    keys,
  });
  expect(Object.keys(variables)).not.toContain("INNGEST_DEV");
});
