// Proves how the Docker tier's resources are asked for. That Docker does what they say is for the integration suites.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SecretFiles } from "../../components/docker/secret-files.ts";
import { currentContext } from "../../lib/places/docker-context.ts";
import { redisPassword } from "../../lib/render/redis-conf.ts";
import { commonVariables } from "../../lib/render/server-options.ts";
import { serverScript } from "../../lib/render/server-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { find, generated, type Planned, plan, planStack, secretFile, settled } from "../support/plan.ts";

let resources: Planned[];
beforeAll(async () => {
  ({ resources } = await planStack("persistent", { port: "9000", workerPort: "9100", workerPlacement: "container" }));
});

const label = [
  { label: "inngest-local.stack", value: "persistent" },
  { label: "inngest-local.secrets", value: expect.stringMatching(/^[0-9a-f]{16}$/) },
];
const logs = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };
const keys = { signing: generated("keys-signing", 64), event: generated("keys-event", 48) };
const password = generated("queue-password", 32);

test("the server's container has config, volumes and health check, and publishes no port", () => {
  const { inputs, secrets, options, provider } = find(resources, "Container server-inngest");
  expect(inputs).toMatchObject({
    name: "inngest-persistent-server",
    image: `sha256:${generated("server-image", 64)}`,
    volumes: [
      { volumeName: "inngest-persistent-data", containerPath: "/data" },
      { volumeName: "inngest-persistent-drain", containerPath: "/run/drain" },
      { volumeName: "inngest-persistent-secret-inngest.json", containerPath: "/run/secrets", readOnly: true },
    ],
    networksAdvanced: [{ name: "inngest-persistent" }],
    hosts: [{ host: "host.docker.internal", ip: "host-gateway" }],
    restart: "unless-stopped",
    healthcheck: { tests: ["CMD", "inngest", "alpha", "doctor", "healthcheck"], interval: "10s", startPeriod: "1m0s" },
    stopTimeout: 60,
    destroyGraceSeconds: 60,
    labels: label,
    ...logs,
  });
  expect(inputs.envs).toEqual(Object.entries(commonVariables).map(([name, value]) => `${name}=${value}`));
  expect(JSON.parse(secretFile(resources, "server-config"))).toMatchObject({
    host: "0.0.0.0",
    "sqlite-dir": "/data",
    "signing-key": keys.signing,
    "event-key": [keys.event],
    "redis-uri": `redis://:${password}@inngest-persistent-queue:6379`,
    "sdk-url": ["http://inngest-persistent-worker:3111/api/inngest"],
  });
  expect(inputs).not.toHaveProperty("ports");
  expect(inputs.command).toEqual(["bash", "-c", serverScript(emptyWalDatabase(), "inngest-persistent-queue:6379")]);
  expect(secrets).toEqual([]);
  expect(options).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs"] });
  expect(provider).toBe("docker");
});

test("the gateway's container publishes the only port that leads to the server", () => {
  const { inputs, secrets, options } = find(resources, "Container gateway-caddy");
  expect(inputs).toMatchObject({
    name: "inngest-persistent-gateway",
    image: `sha256:${generated("gateway-image", 64)}`,
    ports: [{ internal: 8288, external: 9000, ip: "127.0.0.1" }],
    volumes: [{ volumeName: "inngest-persistent-drain", containerPath: "/run/drain", readOnly: true }],
    networksAdvanced: [{ name: "inngest-persistent" }],
    restart: "unless-stopped",
    healthcheck: { tests: ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8290/"] },
    ...logs,
  });
  const [, , caddyfile] = inputs.envs as string[];
  expect(caddyfile).toContain(`admin $2a$10$${generated("gateway-password hash", 53)}`);
  expect(caddyfile).toContain("reverse_proxy inngest-persistent-server:8288");
  expect(JSON.stringify(resources.map(({ inputs }) => inputs))).not.toContain(generated("gateway-password", 32));
  expect(secrets).toEqual(["envs"]);
  expect(options).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs"] });
  expect(find(resources, "Volume server-drain").inputs.driverOpts).toMatchObject({ type: "tmpfs" });
});

test("the server's container starts after its queue, and the janitor's after the server", () => {
  const waiting = (name: string) =>
    resources.filter(({ options }) => options.dependsOn?.includes(name)).map(({ label }) => label);
  expect(waiting("queue-redis")).toEqual(["Command processes-update", "Container server-inngest"]);
  expect(waiting("server-inngest")).toEqual([
    "Command processes-update",
    "Command registration-sync",
    "Container janitor-node",
  ]);
});

test("a public name with a certificate is published in addition to loopback, with the certificate's files", async () => {
  const gateway = {
    url: "https://inngest.example.org:9443",
    certificate: "/etc/tls/c.pem",
    key: "/etc/tls/k.pem",
    listen: "192.0.2.1",
  };
  const { resources, outputs } = await planStack("persistent", { gateway: JSON.stringify(gateway) });
  const { inputs } = find(resources, "Container gateway-caddy");
  expect(inputs.ports).toEqual([
    { internal: 8288, external: 8288, ip: "127.0.0.1" },
    { internal: 8443, external: 9443, ip: "192.0.2.1" },
  ]);
  expect(inputs.volumes).toContainEqual({
    hostPath: "/etc/tls/k.pem",
    containerPath: "/certificate/key.pem",
    readOnly: true,
  });
  expect((inputs.envs as string[])[2]).toContain("tls /certificate/certificate.pem /certificate/key.pem");
  expect(outputs.dashboardUrl).toBe("https://inngest.example.org:9443");
  expect(outputs.apiUrl).toBe("http://127.0.0.1:8288");
});

test("certificates that the gateway gets by ACME are kept in a volume", async () => {
  const gateway = JSON.stringify({ url: "https://inngest.example.org", email: "me@example.org" });
  const { resources } = await planStack("persistent", { gateway });
  const { inputs } = find(resources, "Container gateway-caddy");
  expect(inputs.volumes).toContainEqual({
    volumeName: "inngest-persistent-certificates",
    containerPath: "/data",
  });
  expect(inputs.ports).toContainEqual({ internal: 8443, external: 443, ip: "0.0.0.0" });
});

describe("CIS Docker Benchmark, section 5: every container", () => {
  const root = { user: "0:0", adds: ["CAP_CHOWN", "CAP_DAC_OVERRIDE"] };
  const expected: Record<string, { user: string; adds: string[] }> = {
    "gateway-caddy": { user: "1000:1000", adds: ["CAP_NET_BIND_SERVICE"] },
    "janitor-node": { user: "1000:1000", adds: [] },
    "queue-data-owner": root,
    "queue-redis": { user: "1000:1000", adds: [] },
    "server-data-owner": root,
    "server-inngest": { user: "1000:1000", adds: [] },
    "worker-data-owner": root,
    "worker-node": { user: "1000:1000", adds: [] },
  };
  const containers = () =>
    resources.filter(({ type, inputs }) => type === "docker:index/container:Container" && inputs.start !== false);

  test("is in this list", () => {
    expect(containers().map(({ name }) => name)).toEqual(Object.keys(expected));
  });

  test.each(Object.entries(expected))("%s", (name, { user, adds }) => {
    const { inputs } = find(resources, `Container ${name}`);
    // 5.4 capabilities, 5.5 privileged, 5.11 memory, 5.12 CPU, 5.13 read-only root, 5.26 no new privileges; 4.1 user.
    expect(inputs).toMatchObject({
      user,
      readOnly: true,
      capabilities: { drops: ["ALL"], adds },
      securityOpts: ["no-new-privileges:true"],
      memory: expect.any(Number),
      memorySwap: inputs.memory,
      cpuShares: expect.any(Number),
      ...logs,
    });
    // 5.10, 5.16, 5.17, 5.18, 5.21, 5.31: nothing of the host's is shared.
    for (const key of ["privileged", "pidMode", "ipcMode", "usernsMode", "devices", "cgroupParent", "uploads"]) {
      expect(inputs, key).not.toHaveProperty(key);
    }
    expect([undefined, "none"]).toContain(inputs.networkMode);
    expect(JSON.stringify(inputs)).not.toContain("docker.sock");
    // 5.14: published on one address.
    for (const port of (inputs.ports ?? []) as { ip: string }[]) expect(port.ip).toBe("127.0.0.1");
    // 5.15: a container that comes back is one that is to run.
    expect(inputs.restart).toBe(name.endsWith("-owner") ? "no" : "unless-stopped");
  });

  // 5.29.
  test("that keeps running has a limit of processes, set again for another container", () => {
    const { inputs } = find(resources, "Command processes-update");
    const running = containers().filter(({ name }) => !name.endsWith("-owner"));
    const [update, names = ""] = (inputs.create as string).split(/(?<= 1024) | \|\| /);
    expect(update).toBe("docker update --pids-limit 1024");
    expect(names.split(" ").sort()).toEqual(running.map((each) => each.inputs.name).sort());
    const { CONTAINERS: ids } = inputs.environment as { CONTAINERS: string };
    expect(Object.values(JSON.parse(ids)).sort()).toEqual(running.map(({ name }) => `${name}-id`).sort());
  });
});

test("the queue's container publishes no port when no worker is on the host", () => {
  const { inputs, secrets, options } = find(resources, "Container queue-redis");
  expect(inputs).toMatchObject({
    name: "inngest-persistent-queue",
    image: `sha256:${generated("queue-image", 64)}`,
    volumes: [
      { volumeName: "inngest-persistent-queue", containerPath: "/data" },
      { volumeName: "inngest-persistent-secret-redis.conf", containerPath: "/run/secrets", readOnly: true },
    ],
    networksAdvanced: [{ name: "inngest-persistent" }],
    restart: "unless-stopped",
    healthcheck: { tests: ["CMD-SHELL", `${redisPassword}; redis-cli ping | grep -q PONG`] },
    stopTimeout: 60,
    destroyGraceSeconds: 60,
    labels: label,
    ...logs,
  });
  expect(inputs.ports).toEqual([]);
  expect(secretFile(resources, "queue-config")).toContain(`requirepass ${password}`);
  expect(JSON.stringify(inputs)).not.toContain(password);
  expect(secrets).toEqual([]);
  expect(options).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs"] });
});

test("the worker's container runs the image that is built of its folder", () => {
  expect(find(resources, "Image worker-image").inputs).toMatchObject({
    imageName: "inngest-persistent-worker:latest",
    skipPush: true,
    buildOnPreview: false,
    build: { context: "worker", args: { RUNTIME: "node" } },
  });
  const { inputs, secrets, options } = find(resources, "Container worker-node");
  expect(inputs).toMatchObject({
    name: "inngest-persistent-worker",
    image: expect.stringContaining(generated("worker-image", 64)),
    ports: [{ internal: 3111, external: 9100, ip: "127.0.0.1" }],
    networksAdvanced: [{ name: "inngest-persistent" }],
    restart: "unless-stopped",
    destroyGraceSeconds: 60,
    labels: label,
    ...logs,
  });
  expect(inputs.command).toEqual(["node", "--env-file=/run/secrets/worker.env", "serve.ts"]);
  expect(secretFile(resources, "worker-environment").split("\n")).toEqual(
    expect.arrayContaining([
      "INNGEST_BASE_URL=http://inngest-persistent-gateway:8288",
      "INNGEST_SERVE_ORIGIN=http://inngest-persistent-worker:3111",
      `INNGEST_SIGNING_KEY=${keys.signing}`,
      `INNGEST_EVENT_KEY=${keys.event}`,
      "PORT=3111",
      "TRANSPORT=serve",
      expect.stringMatching(/^REDIS_URL=redis:\/\/:.+@inngest-persistent-queue:6379$/),
    ]),
  );
  expect(secrets).toEqual([]);
  expect(options.deleteBeforeReplace).toBe(true);
});

test("secret files are uploaded to a container that never runs, has no network, and is destroyed with the stack", () => {
  const { inputs, options } = find(resources, "Container server-config-writer");
  expect(inputs).toMatchObject({ start: false, mustRun: false, restart: "no", networkMode: "none" });
  expect(inputs).not.toHaveProperty("envs");
  expect(inputs.volumes).toEqual([
    { volumeName: "inngest-persistent-secret-inngest.json", containerPath: "/run/secrets" },
  ]);
  expect(options.deleteBeforeReplace).toBe(true);
});

test("another content of any file replaces the container that reads the files", async () => {
  const labelOf = async (content: string, source: string) => {
    let value: unknown;
    await plan(async () => {
      const args = { stack: "test", volume: "files", contents: { a: content }, sources: { "b/c": source }, image: "i" };
      value = await settled(new SecretFiles("files", args).label.value);
    });
    return value;
  };
  const label = await labelOf("one", "one");
  expect(await labelOf("one", "one")).toBe(label);
  expect(await labelOf("two", "one")).not.toBe(label);
  expect(await labelOf("one", "two")).not.toBe(label);
});

test("images are kept when the stack is destroyed", () => {
  for (const image of ["server-image", "queue-image", "gateway-image", "janitor-image"]) {
    expect(find(resources, `RemoteImage ${image}`).inputs.keepLocally).toBe(true);
  }
});

test("a worker on the host is called at host.docker.internal", async () => {
  const plan = await planStack("persistent", { workerPort: "9100" });
  expect(JSON.parse(secretFile(plan.resources, "server-config"))["sdk-url"]).toEqual([
    "http://host.docker.internal:9100/api/inngest",
  ]);
  const spec = JSON.parse(find(plan.resources, "Command worker-process").inputs.stdin as string);
  expect(spec).toMatchObject({
    containers: {},
    envFile: {
      HOST: { listenOn: ["loopback", "dockerBridge"] },
      INNGEST_SERVE_ORIGIN: "http://host.docker.internal:9100",
    },
  });
});

test.each([
  [{}, true],
  [{ protectData: "true" }, true],
  [{ protectData: "false" }, false],
])("data volumes with %j are kept on destroy: %s", async (extra, kept) => {
  const plan = await planStack("persistent", extra as Record<string, string>);
  const volumes = plan.resources.filter(({ label }) => label.startsWith("Volume "));
  expect(volumes.map(({ name, inputs, options }) => [name, inputs.name, options.retainOnDelete])).toEqual([
    ["janitor-files-volume", "inngest-persistent-secret-janitor", false],
    ["queue-config-volume", "inngest-persistent-secret-redis.conf", false],
    ["queue-data", "inngest-persistent-queue", kept],
    ["server-config-volume", "inngest-persistent-secret-inngest.json", false],
    ["server-data", "inngest-persistent-data", kept],
    ["server-drain", "inngest-persistent-drain", false],
  ]);
});

test("Docker resources wait for the preflight, and never use a default provider", () => {
  const ofDocker = resources.filter(({ type }) => type.startsWith("docker:"));
  expect(ofDocker.map(({ provider }) => provider)).toEqual(ofDocker.map(() => "docker"));
  for (const name of ["Network network", "DockerServer server", "DockerQueue queue"]) {
    expect(find(resources, name).options.dependsOn, name).toContain("preflight-check");
  }
});

describe("the Docker context", () => {
  const home = mkdtempSync(join(tmpdir(), "docker-config-"));
  afterAll(() => rmSync(home, { recursive: true }));
  const configured = (name: string, content: string) => {
    mkdirSync(join(home, name));
    writeFileSync(join(home, name, "config.json"), content);
    return { DOCKER_CONFIG: join(home, name) };
  };

  test("of the docker command is used by provider and preflight", async () => {
    vi.stubEnv("DOCKER_CONFIG", configured("colima", '{"currentContext": "colima"}').DOCKER_CONFIG);
    vi.stubEnv("DOCKER_HOST", undefined);
    vi.stubEnv("DOCKER_CONTEXT", undefined);
    const plan = await planStack("experiment");
    expect(find(plan.resources, "docker docker").inputs).toMatchObject({
      context: "colima",
      disableDockerDaemonCheck: "true",
    });
    const spec = JSON.parse(find(plan.resources, "Command preflight-check").inputs.stdin as string);
    expect(spec.docker.context).toBe("colima");
    const { create: limit } = find(plan.resources, "Command processes-update").inputs;
    expect(limit).toMatch(/^docker --context colima update /);
  });

  test("of the setting takes precedence", async () => {
    const plan = await planStack("experiment", { dockerContext: "orbstack" });
    expect(find(plan.resources, "docker docker").inputs.context).toBe("orbstack");
  });

  test("is left to the provider where the environment decides, or nothing does", () => {
    const chosen = configured("chosen", '{"currentContext": "desktop-linux"}');
    expect(currentContext(chosen)).toBe("desktop-linux");
    expect(currentContext({ ...chosen, DOCKER_HOST: "unix:///tmp/docker.sock" })).toBeUndefined();
    expect(currentContext({ ...chosen, DOCKER_CONTEXT: "other" })).toBeUndefined();
    expect(currentContext(configured("default", '{"currentContext": "default"}'))).toBeUndefined();
    expect(currentContext(configured("none", "{}"))).toBeUndefined();
    expect(currentContext(configured("broken", "{"))).toBeUndefined();
    expect(currentContext({ DOCKER_CONFIG: join(home, "absent") })).toBeUndefined();
  });
});

test("a worker on the host connects to queue and gateway on loopback, where only they listen", async () => {
  const settings = { port: "9000", transport: "connect" };
  const { resources: onHost } = await planStack("persistent", settings);
  expect(find(onHost, "Container queue-redis").inputs.ports).toEqual([
    { internal: 6379, external: 9002, ip: "127.0.0.1" },
  ]);
  const { inputs } = find(onHost, "Container gateway-caddy");
  expect(inputs.ports).toEqual([{ internal: 8288, external: 9000, ip: "127.0.0.1" }]);
  expect(JSON.stringify(inputs.envs)).toContain("inngest-persistent-server:8289");
  const { envFile } = JSON.parse(find(onHost, "Command worker-process").inputs.stdin as string);
  expect(envFile).toMatchObject({
    TRANSPORT: "connect",
    HOST: "127.0.0.1",
    INNGEST_CONNECT_GATEWAY_URL: "ws://127.0.0.1:9000/v0/connect",
    REDIS_URL: expect.stringMatching(/^redis:\/\/:.+@127\.0\.0\.1:9002$/),
  });
});

test("a user's app is called by a URL that containers reach, and there is no worker", async () => {
  const settings = { runtime: "external", workerUrl: "http://localhost:3000/api/inngest" };
  const { resources, outputs } = await planStack("persistent", settings);
  expect(resources.filter(({ label }) => /worker/i.test(label))).toEqual([]);
  expect(JSON.parse(secretFile(resources, "server-config"))["sdk-url"]).toEqual([
    "http://host.docker.internal:3000/api/inngest",
  ]);
  expect(outputs.appEnvironment).toMatchObject({ INNGEST_SERVE_ORIGIN: "http://host.docker.internal:3000" });
});
