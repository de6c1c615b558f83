// Proves what doctor makes of what it sees: kubectl, docker and a Redis are stand-ins here, each with a fault, and the
// faulty check is the only one that reports it. Does not prove it of real engines: that is for
// tests/integration/verify-docker.test.ts and tests/integration/verify-process.test.ts.
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dockerChecks } from "../../cli/doctor/docker.ts";
import { kubernetesChecks } from "../../cli/doctor/kubernetes.ts";
import { devModeCheck } from "../../cli/doctor/live.ts";
import type { DoctorCheck, DoctorContext, Health } from "../../cli/doctor/outcome.ts";
import { stackChecks } from "../../cli/doctor/stack.ts";
import { storeChecks } from "../../cli/doctor/stores.ts";
import { trapsOf } from "../../cli/doctor/traps.ts";
import type { Result } from "../../cli/lib/checks/check.ts";
import { runChecks } from "../../cli/lib/checks/check.ts";
import { isLoopback, openListeners } from "../../cli/lib/checks/open-listeners.ts";
import { silent } from "../../cli/lib/checks/terminal.ts";
import { readable, sizeProblem } from "../../cli/lib/sizes.ts";
import { Problem } from "../../lib/problem.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { freePort, Home } from "../support/host.ts";
import { fakeKnownStack, outputsWith } from "../support/live-stack.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.dispose());

/** A stack with such settings; `outputs` is `undefined` while it is not up. */
function contextOf(values: Record<string, string>, outputs: Outputs | undefined): DoctorContext {
  return { stack: fakeKnownStack({ values: { dataDir: home.data, ...values } }), outputs };
}

async function look(checks: DoctorCheck[]): Promise<Result<Health>[]> {
  return await runChecks<Health>(checks, "broken", silent);
}
const wrong = (results: Result<Health>[]) => results.filter(({ status }) => status !== "ok");
const brokenIds = (results: Result<Health>[]) => wrong(results).map(({ id, status }) => `${id} ${status}`);

/** Puts a program on PATH that answers by the first word that its arguments contain; `!` begins an error. */
function standIn(name: string, answers: [word: string, answer: string][]): void {
  const cases = answers.map(([word, answer]) =>
    answer.startsWith("!")
      ? `*'${word}'*) echo '${answer.slice(1)}' >&2; exit 1 ;;`
      : `*'${word}'*) echo '${answer}' ;;`,
  );
  vi.stubEnv("PATH", `${home.command(name, `case "$*" in ${cases.join(" ")} esac`)}:${process.env.PATH}`);
}

describe("a cluster", () => {
  const context = () => contextOf({ tier: "kubernetes", kubeContext: "mine", workerImage: "w:1" }, outputsWith());
  const pod = (volume: object) =>
    JSON.stringify({
      items: [
        {
          spec: {
            containers: [{ volumeMounts: [{ name: "data", mountPath: "/data" }] }],
            volumes: [{ name: "data", ...volume }],
          },
        },
      ],
    });
  const right: [string, string][] = [
    ["get-contexts", "mine"],
    ["readyz", "ok"],
    [
      "storageclass",
      '{"items":[{"metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}]}',
    ],
    ["version", '{"serverVersion":{"gitVersion":"v1.32.1","minor":"32"}}'],
    ["can-i", "yes"],
    ["get service inngest", ""],
    ["get pods", pod({ persistentVolumeClaim: { claimName: "server-data" } })],
  ];
  const withFault = (...fault: [string, string][]) => {
    standIn("kubectl", [...fault, ...right]);
    return look([...kubernetesChecks(context()), ...storeChecks(context()).filter(({ id }) => id === "data")]);
  };

  test("with everything that is needed passes every check", async () => {
    expect(brokenIds(await withFault())).toEqual([]);
  });

  test.each([
    ["no context", [["get-contexts", "other"]], "kubernetes broken", /`kubeContext` must be one of other/],
    [
      "an old version",
      [["version", '{"serverVersion":{"gitVersion":"v1.20.0","minor":"20"}}']],
      "kubernetes warning",
      /1\.25/,
    ],
    ["a missing permission", [["can-i create secrets", "no"]], "permissions broken", /^may not create secrets$/],
    ["a Service named inngest", [["get service inngest", "service/inngest"]], "service-links broken", /INNGEST_PORT/],
    ["data on no claim", [["get pods", pod({ emptyDir: {} })]], "data broken", /on no claim/],
  ] as [string, [string, string][], string, RegExp][])("with %s fails that check alone", async (_, fault, id, text) => {
    const results = await withFault(...fault);
    expect(brokenIds(results)).toEqual([id]);
    expect(wrong(results)[0]?.seen).toMatch(text);
    expect(wrong(results)[0]?.remedy).toBeTruthy();
  });

  test("that no setting names fails its check", async () => {
    const [only] = await look(kubernetesChecks(contextOf({ tier: "kubernetes" }, undefined)));
    expect(only).toMatchObject({ id: "kubernetes", status: "broken", seen: "`kubeContext` is not set" });
  });
});

describe("Docker", () => {
  const settings = {
    tier: "docker",
    durable: "true",
    serverImage: "server:1",
    gatewayImage: "caddy:2",
    queueImage: "redis:7",
    upkeepImage: "node:24",
    retention: "30d",
  };
  const info = (changes: object = {}) =>
    JSON.stringify({
      ServerVersion: "27.1.0",
      OperatingSystem: "Linux",
      MemTotal: 2 ** 33,
      DockerRootDir: "/no",
      ...changes,
    });
  const container = (changes: object = {}) =>
    JSON.stringify([
      {
        Config: { Env: ["INNGEST_SQLITE_DIR=/data"], WorkingDir: "/" },
        Mounts: [{ Type: "volume", Name: "inngest-mine-data", Destination: "/data" }],
        ...changes,
      },
    ]);
  const right: [string, string][] = [
    ["info", info()],
    ["image inspect", "[]"],
    ["context inspect", "mine (unix:///var/run/docker.sock)"],
    ["container inspect", container()],
    ["redis-cli", "aof_enabled:1\nmaxmemory-policy\nnoeviction"],
    ["version", "27.1.0"],
  ];
  const withFault = (...fault: [string, string][]) => {
    standIn("docker", [...fault, ...right]);
    const here = contextOf(settings, outputsWith());
    // Whether containers and this machine reach each other, only real ones can show.
    return look([...dockerChecks(here).filter(({ id }) => id !== "reach"), ...storeChecks(here)]);
  };

  test("with everything that is needed passes every check", async () => {
    expect(brokenIds(await withFault())).toEqual([]);
  });

  test.each([
    ["that is down", [["version", "!Cannot connect"]], "docker broken", /no Docker engine answers at/],
    ["that is old", [["info", info({ ServerVersion: "19.3.0" })]], "docker broken", /knows no host-gateway/],
    ["with little memory", [["info", info({ MemTotal: 2 ** 30 })]], "docker warning", /little memory/],
    ["without the image", [["image inspect redis:7", "!No such image"]], "images warning", /^redis:7 will be pulled/],
    [
      "without the janitor's image",
      [["image inspect node:24", "!No such image"]],
      "images warning",
      /^node:24 will be pulled/,
    ],
    [
      "with the recipe's volume",
      [["container inspect", container({ Mounts: [{ Type: "volume", Destination: "/var/lib/inngest" }] })]],
      "data broken",
      /writes to \/data, where no volume is mounted \(volumes are at \/var\/lib\/inngest\)/,
    ],
    [
      "with a server that has its database elsewhere",
      [["readlink", "/home/main.db"]],
      "data broken",
      /writes to \/home, where no volume is mounted/,
    ],
    [
      "with a server that does not run",
      [["container inspect", container({ State: { Running: false } })]],
      "data warning",
      /does not run/,
    ],
    [
      "with a server that is told no folder",
      [["container inspect", container({ Config: { Env: [], WorkingDir: "" } })]],
      "data broken",
      /writes to \/\.inngest, where no volume is mounted/,
    ],
    [
      "with a Redis that does not append",
      [["redis-cli", "aof_enabled:0\nmaxmemory-policy\nnoeviction"]],
      "queue broken",
      /^the queue does not append to disk/,
    ],
    [
      "with a Redis that evicts",
      [["redis-cli", "aof_enabled:1\nmaxmemory-policy\nallkeys-lru"]],
      "queue broken",
      /maxmemory-policy allkeys-lru/,
    ],
    [
      "with a Redis that could not write",
      [["redis-cli", "aof_enabled:1\naof_last_write_status:err\nmaxmemory-policy\nnoeviction"]],
      "queue broken",
      /^the queue could not write its append-only file, most likely because the disk is full$/,
    ],
  ] as [string, [string, string][], string, RegExp][])("%s fails that check alone", async (_, fault, id, text) => {
    const results = await withFault(...fault);
    expect(brokenIds(results)).toEqual([id]);
    expect(wrong(results)[0]?.seen).toMatch(text);
  });

  test("may lack an image that the stack does not use", async () => {
    standIn("docker", [["image inspect node:24", "!No such image"], ...right]);
    for (const unused of [{ retention: "off" }, { durable: "false" }]) {
      const [images] = await look(
        dockerChecks(contextOf({ ...settings, ...unused }, undefined)).filter(({ id }) => id === "images"),
      );
      expect(images).toMatchObject({ status: "ok" });
    }
  });

  test("a port that is published on every interface is reported, and one on loopback is not", async () => {
    standIn("docker", [
      ["ps", "inngest-mine-server 127.0.0.1:8288->8288/tcp, 0.0.0.0:8289->8289/tcp, [::]:8289->8289/tcp"],
      ["network", "172.17.0.1 172.17.0.0/16"],
    ]);
    const open = { who: "container inngest-mine-server", port: 8289, documented: false };
    expect(await openListeners(contextOf(settings, undefined).stack)).toMatchObject([
      { ...open, host: "0.0.0.0" },
      { ...open, host: "::" },
    ]);
  });

  test("a port that a setting exposes is not reported, and any other of that part is", async () => {
    standIn("docker", [["ps", "inngest-mine-gateway 0.0.0.0:8289->1/tcp, 0.0.0.0:8290->2/tcp"]]);
    const gateway = JSON.stringify({ url: "https://inngest.example.org:8289", email: "me@example.org" });
    const open = await openListeners(contextOf({ ...settings, gateway }, undefined).stack);
    expect(open.map(({ port }) => port)).toEqual([8290]);
  });
});

describe("a stack", () => {
  test("that is not up yet passes with free ports", async () => {
    standIn("docker", [
      ["ps", ""],
      ["network", "172.17.0.1 172.17.0.0/16"],
    ]);
    // Tier docker wants the third one too.
    const first = await freePort(4);
    const [port, workerPort] = [first, first + 3].map(String);
    const results = await look(
      stackChecks(
        contextOf(
          { tier: "docker", port: port as string, workerPort: workerPort as string, serverImage: "a:v1.43.0" },
          undefined,
        ),
      ),
    );
    expect(brokenIds(results)).toEqual([]);
  });

  test("whose port another program has fails that check alone, which names the program", async () => {
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const settings = {
      tier: "kubernetes",
      workerPlacement: "host",
      port: "1",
      workerPort: String(port),
      serverImage: "a:v1.43.0",
    };
    const results = await look(stackChecks(contextOf(settings, undefined)));
    holder.close();
    expect(brokenIds(results)).toEqual(["ports broken"]);
    expect(wrong(results)[0]?.seen).toMatch(
      new RegExp(`^${port} \\(\`workerPort\`\\) is held by .+ \\(pid ${process.pid}\\)$`),
    );
  });

  test("with a prefixed key fails that check alone, which never quotes the key", async () => {
    standIn("docker", [
      ["ps", ""],
      ["network", "172.17.0.1 172.17.0.0/16"],
    ]);
    // Tier docker wants the third one too.
    const first = await freePort(4);
    const [port, workerPort] = [first, first + 3].map(String);
    const key = `signkey-dev-${"ab".repeat(16)}`;
    const sick = contextOf(
      { tier: "docker", port: port as string, workerPort: workerPort as string, serverImage: "a:v1.43.0" },
      outputsWith({ signingKey: key, eventKey: "e" }),
    );
    standIn("docker", [["ps", ""]]);
    const results = await look(stackChecks(sick));
    expect(brokenIds(results)).toEqual(["keys broken"]);
    expect(wrong(results)[0]?.seen).toContain("the signing key must have no `signkey-` prefix");
    expect(JSON.stringify(results)).not.toContain(key);
  });

  test.each([
    [{ server: "1.43.0", tier: "docker", transport: "serve" }, 0],
    [{ server: "1.39.0", tier: "docker", transport: "serve" }, 1],
    [{ server: "1.40.0", tier: "docker", transport: "serve" }, 0],
    [{ server: "1.41.9", tier: "cluster", transport: "connect" }, 1],
    [{ server: "1.41.9", tier: "cluster", transport: "serve" }, 0],
    [{ server: "1.39.0", tier: "cluster", transport: "connect" }, 2],
    [{ server: "latest", tier: "docker", transport: "serve" }, 0],
  ] as const)("server %j has %i known traps", (deployment, count) => {
    expect(trapsOf(deployment)).toHaveLength(count);
  });
});

describe("the queue of this machine", () => {
  const check = async (values: Record<string, string> = {}) => {
    const checks = storeChecks(contextOf(values, outputsWith())).filter(({ id }) => id === "queue");
    return (await look(checks))[0];
  };
  const inMemory = "in the server's memory: runs in flight end with it, as the output `durability` says";

  test("that has no program is a warning with the command that installs one", async () => {
    vi.stubEnv("PATH", home.command("brew", "exit 1"));
    expect(await check()).toEqual({
      id: "queue",
      status: "warning",
      seen:
        `${inMemory}; no program for a queue: \`queueBinary\` is not set, ` +
        "and PATH has no valkey-server or redis-server of 7.0.0 or newer",
      remedy:
        "brew install valkey, or pulumi config set queueBinary /path/to/valkey-server, then npm start -- --stack mine",
      ms: expect.any(Number),
    });
  });

  test("whose program has come since is a warning, and one that nobody wants is none", async () => {
    const folder = home.command("valkey-server", 'echo "Valkey server v=8.1.4 sha=0"');
    vi.stubEnv("PATH", folder);
    expect(await check()).toMatchObject({
      status: "warning",
      seen: inMemory,
      remedy: `npm start -- --stack mine, which makes ${folder}/valkey-server its queue`,
    });
    expect(await check({ durable: "false" })).toMatchObject({ status: "ok", seen: inMemory });
  });

  test("that does not answer is broken", async () => {
    mkdirSync(join(home.data, "queue", "appendonlydir"), { recursive: true });
    expect(await check()).toMatchObject({
      status: "broken",
      seen: expect.stringMatching(/^no Redis answers at .+\/queue\/queue\.sock \(connect ENOENT .+\)$/),
    });
  });
});

describe("INNGEST_DEV", () => {
  const check = async () => (await look([devModeCheck(home.folder, undefined)]))[0];

  test("that is unset or off passes", async () => {
    vi.stubEnv("INNGEST_DEV", "0");
    home.file(".env", "INNGEST_DEV=false\n");
    expect(await check()).toMatchObject({ status: "ok" });
  });

  test("in the shell or in the worker's .env is a warning that says where", async () => {
    vi.stubEnv("INNGEST_DEV", "1");
    const file = home.file(".env", "INNGEST_DEV=http://localhost:8288\n");
    expect(await check()).toMatchObject({
      status: "warning",
      seen: `INNGEST_DEV is set in this shell's environment, ${file}: a worker that is started with it checks no signature`,
    });
  });
});

test("loopback addresses are known from others", () => {
  expect(["127.0.0.1", "127.1.2.3", "::1", "localhost"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "*", "::", "172.17.0.1", "12.7.0.1"].some(isLoopback)).toBe(false);
});

test("a preflight's finding becomes what was seen and its remedy", async () => {
  const run = () => Promise.reject(new Problem("`port` must be free, got 1", "stop it"));
  expect(await look([{ id: "ports", run }])).toMatchObject([
    { id: "ports", status: "broken", seen: "`port` must be free, got 1", remedy: "stop it" },
  ]);
});

test("a store that grows large is reported with its remedy, the history's where it is among them", () => {
  const of = (history: number, logs: number) =>
    sizeProblem("mine", [
      { what: "history", bytes: history * 1024 ** 3 },
      { what: "logs", bytes: logs * 1024 ** 2 },
    ]);
  expect(of(5, 200)).toBeUndefined();
  expect(of(5, 201)).toMatchObject({
    what: "logs grows large",
    remedy: "look into logs: what fills it continues to do so",
  });
  expect(of(5.1, 201)).toMatchObject({
    what: "history and logs grow large",
    remedy: "npm run retention -- --stack mine, which shows what is in it, and removes what is old",
  });
});

test("sizes are readable", () => {
  expect([0, 1023, 1024, 1536 * 1024, 3 * 1024 ** 3].map(readable)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "3.0 GiB",
  ]);
});
