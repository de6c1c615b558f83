// Proves what index.ts asks the engine for, per stack. What providers make of it is for the integration suites.
import { describe, expect, test } from "vitest";
import { sourcesOf } from "../../lib/runtime-files.ts";
import { secretFile as contentOf, find, observed, planStack, tree } from "../support/plan.ts";

const signingKeys = ["SigningKeys keys", "  RandomPassword keys-event", "  RandomPassword keys-signing"];
const preflight = ["Preflight preflight", "  Command preflight-check"];
const registration = ["Registration registration", "  Command registration-sync"];
const hostJanitor = ["ProcessJanitor janitor", "  HostService janitor", "    Command janitor-process"];
const hostQueue = ["ProcessQueue queue", "  HostService queue", "    Command queue-process"];
const gateway = [
  "DockerGateway gateway",
  "  Container gateway-caddy",
  "  RandomPassword gateway-password",
  "  RemoteImage gateway-image",
];
const processLimit = ["DockerProcessLimit processes", "  Command processes-update"];
const hostWorker = ["HostWorker worker", "  HostService worker", "    Command worker-process"];

describe("dev", () => {
  test("is queue, server and worker processes, and a janitor unless history is kept forever", async () => {
    const { resources } = await planStack("dev");
    expect(tree(resources)).toEqual([
      ...hostWorker,
      ...preflight,
      ...hostJanitor,
      ...hostQueue,
      "ProcessServer server",
      "  HostService server",
      "    Command server-process",
      ...registration,
      ...signingKeys,
    ]);
    const { resources: without } = await planStack("dev", { retention: "off" });
    expect(tree(without).filter((line) => line.includes("janitor"))).toEqual([]);
  });

  test("gives the janitor its request in a file of the data folder", async () => {
    const { resources } = await planStack("dev", { retention: "7d" });
    expect(serviceOf(resources, "janitor")).toMatchObject({
      program: { kind: "node" },
      args: ["runtime/janitor.ts", { inDataDir: "janitor/janitor.json" }],
      workingDirectory: ".",
      listeners: [],
      files: [
        {
          name: "janitor.json",
          json: {
            database: { inDataDir: "server/main.db" },
            days: 7,
            alarmUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8288\/e\/[0-9a-f]+$/),
            reportFile: { inDataDir: "janitor/last-sweep.json" },
          },
        },
      ],
    });
  });

  test("runs scheduled backups with the variables that find the stack's state", async () => {
    const { resources, outputs } = await planStack("dev", { backupEvery: "12h", backupDir: "/mnt/nas" });
    expect(tree(resources)).toEqual(
      expect.arrayContaining(["ScheduledBackups backup", "  HostService backup", "    Command backup-process"]),
    );
    const { files, ...service } = serviceOf(resources, "backup");
    expect(service).toMatchObject({
      program: { kind: "node" },
      args: ["runtime/scheduled-backups.ts", { inDataDir: "backup/schedule.json" }],
      workingDirectory: ".",
      listeners: [],
      passthroughEnv: expect.arrayContaining(["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"]),
    });
    expect(files[0].json).toEqual({
      stack: "dev",
      everySeconds: 43_200,
      keep: 14,
      folder: "/mnt/nas",
      alarmUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8288\/e\/[0-9a-f]+$/),
    });
    expect(find(resources, "Command backup-process").secrets).toEqual(["stdin"]);
    expect(outputs.supervision).toHaveProperty("backup");
  });

  test("keeps its queue at a socket in the data folder, which starts before all that use it", async () => {
    const { resources, outputs } = await planStack("dev", { queueBinary: "/opt/valkey/bin/valkey-server" });
    const queueUrl = { inDataDir: "queue/queue.sock", scheme: "unix" };
    expect(serviceOf(resources, "queue")).toMatchObject({
      program: { kind: "queue", binary: "/opt/valkey/bin/valkey-server" },
      args: [
        ...["--dir", ".", "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
        ...["--maxmemory-policy", "noeviction", "--port", "0", "--unixsocket", "queue.sock", "--unixsocketperm", "600"],
      ],
      listeners: [],
      socket: "queue/queue.sock",
      loopbackOnly: true,
    });
    expect(serviceOf(resources, "server")).toMatchObject({
      files: [{ json: { "redis-uri": queueUrl } }],
      loopbackOnly: true,
    });
    expect(serviceOf(resources, "worker").envFile.REDIS_URL).toEqual(queueUrl);
    expect(serviceOf(resources, "janitor").files[0].json).toMatchObject({ queueUrl });
    expect(outputs.stores).toEqual({ place: { kind: "host" }, queueUrl });
    for (const component of ["ProcessServer server", "HostWorker worker", "ProcessJanitor janitor"]) {
      expect(serviceOf(resources, component.split(" ")[1] ?? "").after, component).toEqual(["queue"]);
      expect(find(resources, component).options.dependsOn, component).toContain("queue-process");
    }
  });

  test("comes up without a queue where the machine has no program for one, and says so", async () => {
    const { resources, outputs } = await planStack("dev", {}, [], { queue: { found: false } });
    expect(tree(resources).filter((line) => line.includes("queue"))).toEqual([]);
    expect(serviceOf(resources, "server").files[0].json).not.toHaveProperty("redis-uri");
    expect(serviceOf(resources, "worker").envFile).not.toHaveProperty("REDIS_URL");
    expect(outputs.stores).toEqual({ place: { kind: "host" } });
    expect(outputs.durability).toEqual({
      kept: false,
      text: "history survives a restart of the server, runs in flight do not: this machine has no valkey-server or redis-server of 7.0.0 or newer",
    });
    const { outputs: refused } = await planStack("dev", { durable: "false" });
    expect(refused.durability).toEqual({
      kept: false,
      text: "history survives a restart of the server, runs in flight do not: durable is false",
    });
  });

  test("refuses to plan without a queue that it had", async () => {
    const queue = { found: true, problem: "the program of the queue is gone. Remedy: bring it back" };
    await expect(planStack("dev", {}, [], { queue })).rejects.toThrow(queue.problem);
  });

  test("outputs its URLs, and what is kept", async () => {
    const { outputs, secretOutputs } = await planStack("dev", { port: "9000", workerPort: "9100" });
    expect(outputs).toMatchObject({
      dashboardUrl: "http://localhost:9000",
      apiUrl: "http://127.0.0.1:9000",
      eventUrl: "http://127.0.0.1:9000/e",
      workerUrl: "http://127.0.0.1:9100",
      durability: {
        kept: true,
        text: "history and runs in flight are kept, also when server and queue are killed together",
      },
    });
    expect(secretOutputs.sort()).toEqual(["appEnvironment", "eventKey", "keys", "signingKey", "stores"]);
  });

  test("keeps runs in flight in a user's Redis, whose URL is in the files of its three services only", async () => {
    const redisUrl = "redis://:hunter2@127.0.0.1:6379";
    const { resources, outputs } = await planStack("dev", { redisUrl }, ["redisUrl"]);
    expect(outputs.durability).toEqual({
      kept: true,
      text: "history and, in your Redis, runs in flight are kept",
    });
    expect(serviceOf(resources, "server").files[0].json["redis-uri"]).toBe(redisUrl);
    expect(serviceOf(resources, "worker").envFile.REDIS_URL).toBe(redisUrl);
    const others = resources.filter(({ label }) => !/^Command (server|worker|janitor)-process$/.test(label));
    expect(JSON.stringify(others)).not.toContain("hunter2");
  });

  test("runs each service by scripts that read their spec from standard input", async () => {
    const { resources } = await planStack("dev", { port: "9000" });
    const { inputs, options, secrets } = find(resources, "Command server-process");
    expect(inputs).toMatchObject({
      create: "node scripts/reconcile.ts",
      delete: "node scripts/remove.ts",
      triggers: ["dev", "server"],
      environment: { START_ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
      logging: "none",
      addPreviousOutputInEnv: false,
    });
    // No `update`: any other change of the spec runs `create` again, which mends what is there.
    expect(inputs).not.toHaveProperty("update");
    expect(secrets).toEqual(["stdin"]);
    expect(options).toMatchObject({ deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] });
    expect(serviceOf(resources, "server")).toMatchObject({
      stack: "dev",
      service: "server",
      startId: observed,
      program: { kind: "inngest" },
      args: ["start", "--config", { inDataDir: "server/inngest.json" }],
      database: "server/main.db",
      listeners: [9000, 9001, 9002, 9003].map((port) => ({ host: "127.0.0.1", port })),
      healthUrl: "http://127.0.0.1:9000/health",
      stopGraceSeconds: 60,
    });
  });

  test.each([
    [{}, true],
    [{ redisUrl: "redis://127.0.0.1:6379" }, true],
    [{ redisUrl: "redis://redis.example:6379" }, false],
    [{ runtime: "external", workerUrl: "http://app.example:3000/api/inngest" }, false],
  ])("the server with %j talks to this machine only: %s", async (settings, alone) => {
    const encrypted = Object.keys(settings).filter((key) => key === "redisUrl");
    const { resources } = await planStack("dev", settings as Record<string, string>, encrypted);
    expect(serviceOf(resources, "server").loopbackOnly).toBe(alone);
  });

  test("the server serves no dashboard where the setting turns it off", async () => {
    const { resources } = await planStack("dev", { dashboard: "false" });
    expect(serviceOf(resources, "server").files[0].json).toMatchObject({ "no-ui": true });
  });

  test.each([
    ["node", "node"],
    ["bun", "bun"],
  ])("the worker runs on %s", async (runtime, kind) => {
    const { resources } = await planStack("dev", { runtime });
    expect(serviceOf(resources, "worker")).toMatchObject({
      program: { kind },
      args: ["serve.ts"],
      workingDirectory: "worker",
      envFile: { INNGEST_BASE_URL: "http://127.0.0.1:8288", HOST: "127.0.0.1", DATA_DIR: { inDataDir: "worker" } },
    });
  });

  test("another data folder is another process", async () => {
    const { resources } = await planStack("dev", { dataDir: "/srv/inngest" });
    expect(find(resources, "Command worker-process").inputs.triggers).toEqual(["dev", "worker", "/srv/inngest"]);
    expect(serviceOf(resources, "worker").dataDir).toBe("/srv/inngest");
  });
});

describe("experiment", () => {
  test("is a server in a container behind a gateway, without queue and with data in memory", async () => {
    const { resources, outputs } = await planStack("experiment");
    expect(tree(resources)).toEqual([
      ...gateway,
      ...processLimit,
      "DockerServer server",
      "  Container server-inngest",
      "  RemoteImage server-image",
      "  SecretFile server-config",
      "    Container server-config-writer",
      "    Volume server-config-volume",
      "  Volume server-drain",
      ...hostWorker,
      "Network network",
      ...preflight,
      ...registration,
      ...signingKeys,
      "docker docker",
    ]);
    expect(outputs.durability).toMatchObject({
      kept: false,
      text: expect.stringMatching(/^work and history are lost with the container/),
    });
    const { inputs } = find(resources, "Container server-inngest");
    expect(inputs).toMatchObject({ restart: "no", tmpfs: { "/data": expect.stringContaining("uid=1000") } });
    expect(inputs.volumes).toEqual([
      { volumeName: "inngest-experiment-drain", containerPath: "/run/drain" },
      { volumeName: "inngest-experiment-secret-inngest.json", containerPath: "/run/secrets", readOnly: true },
    ]);
  });
});

describe("persistent", () => {
  const secretFile = (name: string) => [
    `  SecretFile ${name}`,
    `    Container ${name}-writer`,
    `    Volume ${name}-volume`,
  ];
  const janitor = [
    "DockerJanitor janitor",
    "  Container janitor-node",
    "  RemoteImage janitor-image",
    ...secretFile("janitor-files"),
  ];
  const queue = [
    "DockerQueue queue",
    "  Container queue-data-owner",
    "  Container queue-redis",
    "  RandomPassword queue-password",
    "  RemoteImage queue-image",
    ...secretFile("queue-config"),
    "  Volume queue-data",
  ];
  const server = [
    "DockerServer server",
    "  Container server-data-owner",
    "  Container server-inngest",
    "  RemoteImage server-image",
    ...secretFile("server-config"),
    "  Volume server-data",
    "  Volume server-drain",
  ];

  test("is server and queue, each with a volume, behind a gateway", async () => {
    const { resources, outputs } = await planStack("persistent");
    const rest = [...hostWorker, "Network network", ...preflight, ...registration, ...signingKeys, "docker docker"];
    expect(tree(resources)).toEqual([...gateway, ...janitor, ...processLimit, ...queue, ...server, ...rest]);
    expect(outputs.durability).toMatchObject({ kept: true });
  });

  test("has a janitor on the server's volume, with its sources and request in a volume of its own", async () => {
    const { resources } = await planStack("persistent");
    const { inputs, secrets } = find(resources, "Container janitor-node");
    expect(inputs).toMatchObject({
      name: "inngest-persistent-janitor",
      volumes: [
        { volumeName: "inngest-persistent-data", containerPath: "/data" },
        { volumeName: "inngest-persistent-secret-janitor", containerPath: "/app", readOnly: true },
      ],
      command: ["node", "/app/runtime/janitor.ts", "/app/request.json"],
      restart: "unless-stopped",
      readOnly: true,
    });
    expect(inputs).not.toHaveProperty("envs");
    expect(secrets).toEqual([]);
    expect(contentOf(resources, "janitor-files")).toMatch(
      /^\{"database":"\/data\/main.db","queueUrl":"redis:\/\/.*","days":30,"alarmUrl":"http:\/\/inngest-persistent-gateway:8288\/e\/[0-9a-f]+","reportFile":"\/data\/janitor\/last-sweep.json"\}$/,
    );
    const [request, manifest, ...sources] = find(resources, "Container janitor-files-writer").inputs
      .uploads as object[];
    expect(request).toMatchObject({ file: "/app/request.json", permissions: "0444" });
    expect(manifest).toMatchObject({ file: "/app/package.json", content: '{ "type": "module" }\n' });
    const paths = Object.keys(sourcesOf("runtime/janitor.ts"));
    expect(paths).toEqual(expect.arrayContaining(["runtime/janitor.ts", "lib/problem.ts"]));
    const sourceHash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(sources).toEqual(
      paths.map((path) => ({ file: `/app/${path}`, source: path, sourceHash, permissions: "0444" })),
    );
    const { resources: without } = await planStack("persistent", { retention: "off" });
    expect(tree(without).filter((line) => line.includes("janitor"))).toEqual([]);
  });

  test("has the worker in a container where the setting says so", async () => {
    const { resources } = await planStack("persistent", { workerPlacement: "container" });
    const worker = [
      "DockerWorker worker",
      "  Container worker-data-owner",
      "  Container worker-node",
      "  Image worker-image",
      ...secretFile("worker-environment"),
      "  Volume worker-data",
    ];
    const rest = ["Network network", ...preflight, ...registration, ...signingKeys, "docker docker"];
    expect(tree(resources)).toEqual([...gateway, ...janitor, ...processLimit, ...queue, ...server, ...worker, ...rest]);
  });

  test("starts no queue where the user has a Redis", async () => {
    const { resources } = await planStack("persistent", { redisUrl: "redis://:hunter2@redis:6379" }, ["redisUrl"]);
    expect(tree(resources).filter((line) => line.includes("queue"))).toEqual([]);
    expect(JSON.parse(contentOf(resources, "server-config"))["redis-uri"]).toBe("redis://:hunter2@redis:6379");
    expect(JSON.parse(find(resources, "Command preflight-check").inputs.stdin as string).docker.images).toEqual([
      { setting: "serverImage", image: "inngest/inngest:v1.43.0" },
      { setting: "gatewayImage", image: "caddy:2.11.9-alpine" },
      { setting: "upkeepImage", image: "node:24.21.0-bookworm-slim" },
    ]);
  });
});

describe.each<[string, { workerPlacement?: string }]>([
  ["dev", {}],
  ["persistent", {}],
  ["persistent", { workerPlacement: "container" }],
])("%s %j", (stack, extra) => {
  test("registers the worker again when server or worker changes", async () => {
    const { resources } = await planStack(stack, extra);
    const { inputs, secrets, options } = find(resources, "Command registration-sync");
    expect(secrets).toEqual(["stdin"]);
    expect(inputs).toMatchObject({
      create: "node scripts/register.ts",
      environment: {
        SERVER: expect.stringMatching(stack === "dev" ? /^[0-9a-f]{64}$/ : /^server-inngest-id$/),
        WORKER: expect.stringMatching(extra.workerPlacement ? /^worker-node-id$/ : /^[0-9a-f]{64}$/),
      },
    });
    expect(JSON.parse(inputs.stdin as string)).toMatchObject({
      apiUrl: "http://127.0.0.1:8288",
      workerUrl: "http://127.0.0.1:3111",
      workerEndpoint: "http://127.0.0.1:3111/api/inngest",
      way: "serve",
    });
    expect(options.additionalSecretOutputs).toEqual(["stdout", "stderr"]);
    expect(options.dependsOn).toEqual([
      ...(stack === "dev" ? [] : ["gateway-caddy"]),
      "keys-event",
      "keys-signing",
      stack === "dev" ? "server-process" : "server-inngest",
      extra.workerPlacement ? "worker-node" : "worker-process",
    ]);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the spec's own type is that of the scripts, which read JSON as well.
function serviceOf(resources: Parameters<typeof find>[0], service: string): any {
  return JSON.parse(find(resources, `Command ${service}-process`).inputs.stdin as string);
}
