// Proves what readSettings says about values. What only the machine can tell (ports in use, binaries, Docker) is
// tests/process/preflight.test.ts; that Pulumi hands the values over like this is for the integration suites.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { schema, secretKeys, settingKeys } from "../../lib/settings/schema.ts";
import { readYaml, stackSettings } from "../support/plan.ts";
import { alone, complaint, read } from "../support/settings.ts";

const scratch = mkdtempSync(join(tmpdir(), "settings-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function workerFolder(name: string, manifest?: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  if (manifest !== undefined) writeFileSync(join(folder, "package.json"), manifest);
  return folder;
}

describe("a wrong value is refused with key, rule, value and remedy", () => {
  const portRule = "must be a whole number from 1 to 65532";
  test.each<[Record<string, string>, string]>([
    [
      { tier: "dokcer" },
      '`tier` must be one of process, docker, kubernetes, cluster, got "dokcer". Remedy: pulumi config set tier docker',
    ],
    [
      { tier: "" },
      '`tier` must be one of process, docker, kubernetes, cluster, got "". Remedy: pulumi config set tier docker',
    ],
    [
      { tier: "Process" },
      '`tier` must be one of process, docker, kubernetes, cluster, got "Process". Remedy: pulumi config set tier process',
    ],
    [{ durable: "yes" }, '`durable` must be one of true, false, got "yes". Remedy: pulumi config set durable true'],
    [
      { protectData: "flase" },
      '`protectData` must be one of true, false, got "flase". Remedy: pulumi config set protectData false',
    ],
    [
      { runtime: "deno" },
      '`runtime` must be one of node, bun, external, got "deno". Remedy: pulumi config set runtime bun',
    ],
    [
      { transport: "conect" },
      '`transport` must be one of serve, connect, got "conect". Remedy: pulumi config set transport connect',
    ],
    [
      { runtime: "external" },
      '`workerUrl` must be the http address of your app\'s Inngest endpoint, got "". Remedy: pulumi config set workerUrl http://localhost:3000/api/inngest',
    ],
    [
      { workerUrl: "http://localhost:3000/api/inngest" },
      '`workerUrl` must be left out, because the stack starts the worker itself, got "http://localhost:3000/api/inngest". Remedy: pulumi config rm workerUrl, or pulumi config set runtime external',
    ],
    [
      { runtime: "external", workerUrl: "http://localhost:3000/api/inngest", transport: "connect" },
      '`transport` must be serve, because an external app chooses for itself how it connects, got "connect". Remedy: pulumi config set transport serve',
    ],
    [
      { backupEvery: "daily" },
      '`backupEvery` must be a time such as 24h, 7d or 30m, from 10s to 9999d, or off, got "daily". Remedy: pulumi config set backupEvery 24h',
    ],
    [
      { backupEvery: "9s" },
      '`backupEvery` must be a time such as 24h, 7d or 30m, from 10s to 9999d, or off, got "9s". Remedy: pulumi config set backupEvery 24h',
    ],
    [
      { backupKeep: "0" },
      '`backupKeep` must be a whole number from 1 to 10000, got "0". Remedy: pulumi config set backupKeep 14',
    ],
    [
      { backupEvery: "24h", tier: "docker", durable: "false" },
      '`backupEvery` must be off where `durable` is false, which keeps nothing, got "24h". Remedy: pulumi config rm backupEvery',
    ],
    [
      { backupEvery: "24h", supervisorScope: "system", dataDir: "/var/lib/inngest-local/test" },
      '`backupEvery` must be off where `supervisorScope` is system, whose services do not reach your Pulumi backend, got "24h". Remedy: pulumi config rm backupEvery, and have root\'s cron run npm run backup',
    ],
    [
      { workerEnv: '{"INNGEST_DEV":"1"}' },
      "`workerEnv` must not have INNGEST_DEV, which the stack itself decides. Remedy: pulumi config rm --path workerEnv.INNGEST_DEV",
    ],
    [
      { workerEnv: '{"ai-model":"x"}' },
      '`workerEnv` must have names of A-Z, 0-9 and _, got "ai-model". Remedy: pulumi config set --secret --path workerEnv.NAME VALUE',
    ],
    [
      { workerEnv: '{"AI_API_KEY":"pa$$word"}' },
      "`workerEnv` has AI_API_KEY, which must not contain a dollar sign, a carriage return or both ' and `, nor end in a backslash. Remedy: pulumi config set --secret --path workerEnv.NAME VALUE",
    ],
    [
      { workerEnv: "[1]" },
      "`workerEnv` must be names with values. Remedy: pulumi config set --secret --path workerEnv.NAME VALUE",
    ],
    [
      { retention: "a month" },
      '`retention` must be a number of days such as 30d, or off, got "a month". Remedy: pulumi config set retention 30d',
    ],
    [
      { retention: "0d" },
      '`retention` must be a number of days such as 30d, or off, got "0d". Remedy: pulumi config set retention 30d',
    ],
    [
      { workerPlacement: "pod" },
      '`workerPlacement` must be one of host, container, got "pod". Remedy: pulumi config set workerPlacement host',
    ],
    [
      { supervisor: "sytemd" },
      '`supervisor` must be one of auto, launchd, systemd, none, got "sytemd". Remedy: pulumi config set supervisor systemd',
    ],
    [
      { supervisorScope: "daemon" },
      '`supervisorScope` must be one of user, system, got "daemon". Remedy: pulumi config set supervisorScope user',
    ],
    [
      { supervisorScope: "system" },
      "`dataDir` must be set where `supervisorScope` is system: system services have no home directory. Remedy: pulumi config set dataDir /var/lib/inngest-local/test",
    ],
    [
      { supervisor: "none", supervisorScope: "system", dataDir: "/data" },
      '`supervisorScope` must be user where `supervisor` is none, got "system". Remedy: pulumi config set supervisorScope user',
    ],
    [{ port: "0" }, `\`port\` ${portRule}, got "0". Remedy: pulumi config set port 8288`],
    [{ port: "70000" }, `\`port\` ${portRule}, got "70000". Remedy: pulumi config set port 8288`],
    [{ port: "65533" }, `\`port\` ${portRule}, got "65533". Remedy: pulumi config set port 8288`],
    [{ port: "abc" }, `\`port\` ${portRule}, got "abc". Remedy: pulumi config set port 8288`],
    [{ port: "" }, `\`port\` ${portRule}, got "". Remedy: pulumi config set port 8288`],
    [{ port: "-1" }, `\`port\` ${portRule}, got "-1". Remedy: pulumi config set port 8288`],
    [{ port: "8288.5" }, `\`port\` ${portRule}, got "8288.5". Remedy: pulumi config set port 8288`],
    [{ port: "0x2060" }, `\`port\` ${portRule}, got "0x2060". Remedy: pulumi config set port 8288`],
    [
      { workerPort: "65536" },
      '`workerPort` must be a whole number from 1 to 65535, got "65536". Remedy: pulumi config set workerPort 3111',
    ],
    [
      { port: "5000", workerPort: "5003" },
      '`workerPort` must be outside the server\'s own ports 5000 to 5003, got "5003". Remedy: pulumi config set workerPort 5004',
    ],
    [
      { serverImage: "inngest inngest" },
      '`serverImage` must be an image reference such as name:tag, got "inngest inngest". Remedy: pulumi config set serverImage inngest/inngest:v1.43.0',
    ],
    [
      { queueImage: "" },
      '`queueImage` must be an image reference such as name:tag, got "". Remedy: pulumi config set queueImage redis:7.2.16-alpine',
    ],
    [
      { dataDir: "data" },
      `\`dataDir\` must be an absolute path, got "data". Remedy: pulumi config set dataDir ${join(process.cwd(), "data")}`,
    ],
    [
      { serverBinary: "./inngest" },
      `\`serverBinary\` must be an absolute path, got "./inngest". Remedy: pulumi config set serverBinary ${join(process.cwd(), "inngest")}`,
    ],
    [
      { tier: "process", workerPlacement: "container" },
      '`workerPlacement` must be host on the process tier, which has no containers, got "container". Remedy: pulumi config set workerPlacement host',
    ],
    [
      { keysFrom: "test" },
      '`keysFrom` must be another stack than this one, got "test". Remedy: pulumi config rm keysFrom',
    ],
    [
      { keys: '{"step":"accept"}' },
      '`keys.step` must be none at `keys.generation` 1, which has no generation before it, got "accept". Remedy: pulumi config rm --path keys.step',
    ],
    [
      { keysFrom: "dev", keys: '{"generation":2,"step":"accept"}' },
      '`keys.step` must be none where `keysFrom` is set, whose stack\'s keys change, got "accept". Remedy: pulumi config rm --path keys.step',
    ],
    [
      { keys: '{"generation":0}' },
      "`keys.generation` must be a whole number from 1 to 1000000, got 0. Remedy: pulumi config set --path keys.generation 1",
    ],
    [
      { keys: '{"generation":2,"step":"settle"}' },
      '`keys.step` must be one of none, accept, switch, retire, got "settle". Remedy: pulumi config rm --path keys.step',
    ],
    [
      { keys: "2" },
      '`keys` must be an object of `generation` and `step`, which `npm run keys` writes, got "2". Remedy: pulumi config rm keys',
    ],
    [
      { keys: '{"generaton":2}' },
      '`keys` must be an object of `generation` and `step`, which `npm run keys` writes, got "{\\"generaton\\":2}". Remedy: pulumi config rm keys',
    ],
    [
      { workerDir: "wroker" },
      '`workerDir` must be a folder that exists, got "wroker". Remedy: pulumi config set workerDir worker, or the folder of your own worker',
    ],
    [
      { workerDir: "package.json" },
      '`workerDir` must be a folder that exists, got "package.json". Remedy: pulumi config set workerDir worker, or the folder of your own worker',
    ],
  ])("%j", (values, problem) => {
    expect(complaint(values)).toBe(alone(problem));
  });

  test.each([
    ["no package.json", undefined],
    ["no main", "{}"],
    ["a main that is no text", '{ "main": 7 }'],
    ["a main that is not there", '{ "main": "serve.ts" }'],
    ["a main that is a folder", '{ "main": "." }'],
    ["an empty main", '{ "main": "" }'],
  ])("workerDir with %s", (name, manifest) => {
    const folder = workerFolder(name, manifest);
    expect(complaint({ workerDir: folder })).toBe(
      alone(
        `\`workerDir\` must be a folder whose package.json names its entry in \`main\`, got ${JSON.stringify(folder)}. ` +
          "Remedy: pulumi config set workerDir worker, or the folder of your own worker",
      ),
    );
  });

  test("keysFrom together with a key of the user's is refused", () => {
    expect(complaint({ keysFrom: "dev", eventKey: "mine" }, ["eventKey"])).toBe(
      alone(
        "`keysFrom` must stand alone, and `signingKey` or `eventKey` is set too. Remedy: pulumi config rm keysFrom",
      ),
    );
  });

  test("all problems are reported at once", () => {
    expect(complaint({ tier: "x", port: "0", prot: "1" })).toBe(
      [
        "the settings of stack test are wrong:",
        "  - `prot` is not a setting. Remedy: did you mean `port`? pulumi config rm prot; docs/settings.md lists the settings",
        '  - `tier` must be one of process, docker, kubernetes, cluster, got "x". Remedy: pulumi config set tier docker',
        '  - `port` must be a whole number from 1 to 65532, got "0". Remedy: pulumi config set port 8288',
      ].join("\n"),
    );
  });
});

describe("an unknown setting", () => {
  test.each([
    ["prot", "port"],
    ["workerdir", "workerDir"],
    ["keyFrom", "keysFrom"],
    ["signinKey", "signingKey"],
    ["server-image", "serverImage"],
  ])("%s gets %s suggested", (typo, meant) => {
    expect(complaint({ [typo]: "x" })).toBe(
      alone(
        `\`${typo}\` is not a setting. Remedy: did you mean \`${meant}\`? pulumi config rm ${typo}; docs/settings.md lists the settings`,
      ),
    );
  });

  test("that resembles none gets no suggestion", () => {
    expect(complaint({ replicaCount: "3" })).toBe(
      alone(
        "`replicaCount` is not a setting. Remedy: pulumi config rm replicaCount; docs/settings.md lists the settings",
      ),
    );
  });

  test("is refused whatever it is called", () => {
    const unknown = fc.string({ minLength: 1 }).filter((key) => !settingKeys.some((known) => known === key));
    fc.assert(
      fc.property(unknown, (key) => {
        expect(complaint(Object.fromEntries([[key, "x"]]))).toContain(`\`${key}\` is not a setting.`);
      }),
      { examples: [["toString"], ["constructor"], ["__proto__"]] },
    );
  });
});

describe("accepted are", () => {
  test.each(["dev", "experiment", "persistent"])("Pulumi.%s.yaml", (stack) => {
    expect(complaint(stackSettings(stack))).toBe("");
  });

  test("no settings at all: the defaults, which are those of Pulumi.yaml", () => {
    const { config } = readYaml<{
      config: Record<string, { default: unknown; secret?: boolean; description: string }>;
    }>("Pulumi.yaml");
    const declared = Object.entries(config);
    const asText = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
    expect(Object.fromEntries(declared.map(([key, { default: value }]) => [key, asText(value)]))).toEqual(
      Object.fromEntries(settingKeys.map((key) => [key, schema[key].default])),
    );
    expect(declared.filter(([, { secret }]) => secret).map(([key]) => key)).toEqual([...secretKeys]);
    expect(declared.filter(([, { description }]) => !description)).toEqual([]);
    expect(read({})).toEqual({
      stack: "test",
      tier: "process",
      durable: true,
      profile: "balanced",
      port: 8288,
      worker: {
        dir: "worker",
        entry: "serve.ts",
        port: 3111,
        placement: "host",
        runtime: "node",
        transport: "serve",
        checkpointSteps: 1,
        variables: expect.anything(),
      },
      serverImage: "inngest/inngest:v1.43.0",
      queueImage: "redis:7.2.16-alpine",
      retention: 30,
      upkeepImage: "node:24.21.0-bookworm-slim",
      gateway: { image: "caddy:2.11.9-alpine", listen: "0.0.0.0" },
      dashboard: true,
      databaseImage: "postgres:17.6-bookworm",
      protectData: true,
      keys: { generation: 1, step: "none" },
      supervision: { supervisor: "auto", scope: "user" },
    });
  });

  test("every whole number in range as a port, and nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 70_000 }), (port) => {
        const isRight = port >= 1 && port <= 65_532;
        const workerPort = String(port > 40_000 ? 3111 : 60_000);
        expect(complaint({ port: String(port), workerPort }) === "").toBe(isRight);
        if (isRight) expect(read({ port: String(port), workerPort }).port).toBe(port);
      }),
    );
  });
});
