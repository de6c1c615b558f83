// Each rule with what breaks it and what keeps it, on properties as the engine hands them over. That the engine hands
// them over so, and stops for a violation, is for tests/integration/policy.test.ts of the project.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Resource, unknown } from "../resource.ts";
import { defaultsOf, rules } from "../rules/index.ts";
import {
  bareKey,
  command,
  container,
  keys,
  plist,
  prefixedKey,
  resource,
  secret,
  service,
  soundPod,
  soundPodServer,
  soundQueue,
  soundServer,
  soundWorker,
  statefulSet,
} from "./resources.ts";

type Broken = [title: string, resource: Resource, seen: string[], settings?: object];
type Kept = [title: string, resource: Resource, settings?: object];

const claim = { spec: { accessModes: ["ReadWriteOnce"] } };
const claims = "kubernetes:core/v1:PersistentVolumeClaim";
const volumes = "docker:index/volume:Volume";
const withoutVolume = { ...soundServer, volumes: [] };
const redisConf = (text: string) => [{ file: "/etc/redis.conf", content: text }];

const cases: Record<string, { breaks: Broken[]; keeps: Kept[] }> = {
  "service-name": {
    breaks: [
      ["the server's name", service({ name: "inngest" }), ["metadata.name is inngest"]],
      [
        "a name that sets another port of the server",
        service({ name: "inngest-connect-gateway" }),
        ["metadata.name is inngest-connect-gateway"],
      ],
    ],
    keeps: [
      ["another name", service({ name: "inngest-svc" })],
      ["a name of Pulumi's", service({})],
      ["the same name on another kind", resource("kubernetes:apps/v1:Deployment", { metadata: { name: "inngest" } })],
    ],
  },
  "service-links": {
    breaks: [
      [
        "a server's pod without a word",
        statefulSet(soundPodServer, { ...soundPod, enableServiceLinks: undefined }),
        ["enableServiceLinks is not false in the pod of it"],
      ],
      [
        "a worker's pod with them",
        statefulSet(
          { image: "worker:1", env: [{ name: "INNGEST_BASE_URL", value: "http://a" }] },
          { enableServiceLinks: true },
        ),
        ["enableServiceLinks is not false in the pod of it"],
      ],
    ],
    keeps: [
      ["off", statefulSet(soundPodServer, soundPod)],
      ["not known yet", statefulSet(soundPodServer, { ...soundPod, enableServiceLinks: unknown })],
      ["a pod of something else", statefulSet({ image: "nginx:1.29.1" })],
      ["a container on Docker", container(soundServer)],
    ],
  },
  "node-port-range": {
    breaks: [
      [
        "the server's own port",
        service({ ports: [{ port: 8288, nodePort: 8288 }] }),
        ["nodePort is 8288, and the range is 30000 to 32767"],
      ],
      [
        "out of a cluster's own range",
        service({ ports: [{ port: 8288, nodePort: 30288 }] }),
        ["nodePort is 30288, and the range is 20000 to 22767"],
        { lowest: 20000, highest: 22767 },
      ],
    ],
    keeps: [
      ["in range", service({ ports: [{ port: 8288, nodePort: 30288 }] })],
      ["none", service({})],
      ["not known yet", service({ ports: [{ port: 8288, nodePort: unknown }] })],
    ],
  },
  "data-on-volume": {
    breaks: [
      [
        "a volume where the server writes nothing",
        container({
          ...soundServer,
          envs: keys,
          volumes: [{ volumeName: "data", containerPath: "/var/lib/inngest" }],
        }),
        ["it writes its database to /.inngest, and its volumes are at /var/lib/inngest"],
      ],
      [
        "a folder beside the volume",
        container({ ...soundServer, command: ["inngest", "start", "--sqlite-dir", "/database"] }),
        ["it writes its database to /database, and its volumes are at /data"],
      ],
      [
        "a claim at another folder",
        statefulSet(
          {
            ...soundPodServer,
            env: [{ name: "INNGEST_SQLITE_DIR", value: "data" }],
            workingDir: "/srv",
            volumeMounts: [{ name: "state", mountPath: "/data" }],
          },
          {},
          { volumeClaimTemplates: [{ metadata: { name: "state" } }] },
        ),
        ["it writes its database to /srv/data, and its volumes are at /data"],
      ],
    ],
    keeps: [
      ["the volume's folder", container(soundServer)],
      [
        "a folder within the volume",
        container({ ...soundServer, command: ["inngest", "start", "--sqlite-dir=/data/a"] }),
      ],
      [
        "the default folder as the volume",
        container({ ...soundServer, envs: keys, volumes: [{ containerPath: "/.inngest" }] }),
      ],
      [
        "a folder that a shell sets",
        container({ ...soundServer, envs: keys, command: ["sh", "-c", "INNGEST_SQLITE_DIR=/data inngest start"] }),
      ],
      [
        "a folder that a shell goes to",
        container({ ...soundServer, envs: keys, command: ["sh", "-c", "cd /data && inngest start"] }),
      ],
      ["a claim's folder", statefulSet(soundPodServer, soundPod)],
      ["no volume, no promise", container({ ...withoutVolume, envs: keys })],
      [
        "a volume for the time of a run",
        container({ ...soundServer, envs: keys, volumes: [{ containerPath: "/run/door" }] }),
      ],
      [
        "Postgres",
        container({
          ...soundServer,
          envs: ["INNGEST_POSTGRES_URI=postgres://db/inngest"],
          volumes: [{ containerPath: "/x" }],
        }),
      ],
      ["an environment that is not known yet", container({ ...soundServer, envs: unknown })],
      [
        "an environment from a Secret",
        statefulSet({ ...soundPodServer, env: [], volumeMounts: [{ name: "data", mountPath: "/x" }] }, soundPod),
      ],
      [
        "a configuration file",
        container({ ...soundServer, envs: [], command: ["inngest", "start", "--config", "/etc/i.json"] }),
      ],
    ],
  },
  "durable-queue": {
    breaks: [
      [
        "history without a queue",
        container({ ...soundServer, envs: [...keys, "INNGEST_SQLITE_DIR=/data"] }),
        ["it keeps its history and has no INNGEST_REDIS_URI"],
      ],
      [
        "history in Postgres without a queue",
        container({ ...withoutVolume, envs: [...keys, "INNGEST_POSTGRES_URI=postgres://db/inngest"] }),
        ["it keeps its history and has no INNGEST_REDIS_URI"],
      ],
      ["a Redis as its image is", container({ image: "redis:7.2.16" }), ["it is a Redis without `appendonly yes`"]],
      [
        "a Redis that is told not to",
        container({ ...soundQueue, command: ["redis-server", "--appendonly", "no"] }),
        ["it is a Redis without `appendonly yes`"],
      ],
      [
        "a configuration without it",
        container({
          ...soundQueue,
          command: ["redis-server", "/etc/redis.conf"],
          uploads: redisConf('save ""\n# appendonly yes\n'),
        }),
        ["it is a Redis without `appendonly yes`"],
      ],
      [
        "a Secret's configuration without it",
        secret({ "redis.conf": "dir /data\n" }),
        ["redis.conf has no `appendonly yes`"],
      ],
      [
        "a Redis that appends to its own disk",
        container({ ...soundQueue, volumes: [] }),
        ["it is a Redis without a volume"],
      ],
      [
        "a Redis whose folder goes with its pod",
        statefulSet(
          {
            image: "redis:7.2.16",
            args: ["--appendonly", "yes"],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
          { volumes: [{ name: "data", emptyDir: {} }] },
        ),
        ["it is a Redis without a volume"],
      ],
      [
        "Bitnami's image, told not to",
        container({ image: "bitnami/redis:7.2", envs: ["REDIS_AOF_ENABLED=no"], volumes: soundQueue.volumes }),
        ["it is a Redis without `appendonly yes`"],
      ],
    ],
    keeps: [
      ["a server with a queue", container(soundServer)],
      ["a server that keeps nothing", container({ ...withoutVolume, envs: keys })],
      ["a Redis that appends", container(soundQueue)],
      [
        "a configuration that says so",
        container({
          ...soundQueue,
          command: ["redis-server", "/etc/redis.conf"],
          uploads: redisConf("appendonly yes\n"),
        }),
      ],
      [
        "a configuration that is not known yet",
        container({
          ...soundQueue,
          command: ["redis-server", "/etc/redis.conf"],
          uploads: [{ file: "/etc/redis.conf", content: unknown }],
        }),
      ],
      [
        "a configuration from a Secret",
        statefulSet(
          {
            image: "redis:7.2.16",
            command: ["redis-server", "/etc/redis.conf"],
            volumeMounts: [
              { name: "data", mountPath: "/data" },
              { name: "c", mountPath: "/etc" },
            ],
          },
          {
            volumes: [
              { name: "data", persistentVolumeClaim: {} },
              { name: "c", secret: {} },
            ],
          },
        ),
      ],
      [
        "a configuration in the environment",
        container({
          ...soundQueue,
          command: ["sh", "-c", 'printf "%s" "$CONF" > /tmp/redis.conf && exec redis-server /tmp/redis.conf'],
          envs: ["CONF=dir /data\nappendonly yes\n"],
        }),
      ],
      ["a Secret's configuration with it", secret({ "redis.conf": "dir /data\nappendonly yes\n" })],
      ["Bitnami's image", container({ image: "bitnami/redis:7.2", volumes: soundQueue.volumes })],
      ["a cache", container({ image: "redis:7.2.16" }), { caches: ["it"] }],
    ],
  },
  "protected-data": {
    breaks: [
      ["a volume", resource(volumes, { name: "data" }), ["it is not protected"]],
      ["a claim", resource(claims, claim), ["it is not protected"]],
      [
        "a volume of a component that no longer keeps it",
        resource(volumes, {}, { lineage: `inngest-local:index:DockerServer$${volumes}` }),
        ["it is not protected"],
        { keptBy: [] },
      ],
      [
        "claims that go with their set",
        statefulSet({}, {}, { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete" } }),
        ["persistentVolumeClaimRetentionPolicy.whenDeleted is Delete"],
      ],
    ],
    keeps: [
      ["a volume of memory", resource(volumes, { driverOpts: { type: "tmpfs" } })],
      ["a protected volume", resource(volumes, {}, { protect: true })],
      [
        "a volume of a component that keeps it",
        resource(volumes, {}, { lineage: `inngest-local:index:DockerServer$${volumes}` }),
      ],
      [
        "a claim of a component of one's own",
        resource(claims, claim, { lineage: `mine:index:Data$${claims}` }),
        { keptBy: ["mine:"] },
      ],
      ["claims that stay", statefulSet({}, {}, { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain" } })],
    ],
  },
  "stop-grace": {
    breaks: [
      [
        "the provider's and the engine's defaults",
        container({ ...soundServer, stopTimeout: undefined, destroyGraceSeconds: undefined }),
        ["stopTimeout of it is not set", "destroyGraceSeconds of it is not set"],
      ],
      ["less on the engine", container({ ...soundWorker, stopTimeout: 30 }), ["stopTimeout of it is 30"]],
      [
        "Kubernetes' default",
        statefulSet(soundPodServer, { ...soundPod, terminationGracePeriodSeconds: undefined }),
        ["terminationGracePeriodSeconds of it is not set"],
      ],
      [
        "less than configured",
        container(soundServer),
        ["stopTimeout of it is 60", "destroyGraceSeconds of it is 60"],
        { seconds: 90 },
      ],
    ],
    keeps: [
      ["a server with a minute", container(soundServer)],
      ["a pod with a minute", statefulSet(soundPodServer, soundPod)],
      ["a container of something else", container({ image: "nginx:1.29.1" })],
    ],
  },
  "keys-given": {
    breaks: [
      ["no key", container({ ...soundServer, envs: [] }), ["it has no signing-key and no event-key"]],
      ["one key", container({ ...soundServer, envs: keys.slice(0, 1) }), ["it has no event-key"]],
      [
        "a pod without keys",
        statefulSet({ ...soundPodServer, envFrom: [] }),
        ["it has no signing-key and no event-key"],
      ],
    ],
    keeps: [
      ["both", container(soundServer)],
      ["keys that are not known yet", container({ ...soundServer, envs: ["INNGEST_HOST=0.0.0.0", unknown] })],
      ["keys from a Secret", statefulSet(soundPodServer, soundPod)],
      [
        "keys from a Secret, one by one",
        statefulSet({
          ...soundPodServer,
          envFrom: [],
          env: ["INNGEST_SIGNING_KEY", "INNGEST_EVENT_KEY"].map((name) => ({ name, valueFrom: { secretKeyRef: {} } })),
        }),
      ],
      [
        "a configuration file",
        container({ ...soundServer, envs: [], uploads: [{ file: "/inngest.yaml", content: unknown }] }),
      ],
      [
        "keys that a shell reads",
        container({ ...soundServer, envs: [], command: ["sh", "-c", ". /run/secrets/inngest; exec inngest start"] }),
      ],
      ["a dev server", container({ image: "inngest/inngest:v1.43.0", command: ["inngest", "dev"] })],
    ],
  },
  "bare-signing-key": {
    breaks: [
      [
        "a prefixed key in a container",
        container({ ...soundServer, envs: [`INNGEST_SIGNING_KEY=${prefixedKey}`] }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in a Secret",
        secret({ INNGEST_SIGNING_KEY: prefixedKey }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in a Secret's base64",
        resource("kubernetes:core/v1:Secret", {
          data: { INNGEST_SIGNING_KEY: Buffer.from(prefixedKey).toString("base64") },
        }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in a file that a command writes",
        command({ create: "cat > inngest.json", stdin: JSON.stringify({ "signing-key": prefixedKey }) }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a key that is no hex",
        container({ ...soundServer, envs: ["INNGEST_SIGNING_KEY=correct-horse"] }),
        ["the signing key is not hex of an even length"],
      ],
      [
        "a key of odd length",
        secret({ INNGEST_SIGNING_KEY: bareKey.slice(1) }),
        ["the signing key is not hex of an even length"],
      ],
    ],
    keeps: [
      ["a bare key", container(soundServer)],
      ["a bare key in a Secret", secret({ INNGEST_SIGNING_KEY: bareKey })],
      ["a key that is not known yet", container({ ...soundServer, envs: unknown })],
      ["a prefixed key of a worker alone", container({ ...soundWorker, envs: [`INNGEST_SIGNING_KEY=${prefixedKey}`] })],
    ],
  },
  "signed-worker": {
    breaks: [
      ["a container", container({ ...soundWorker, envs: ["INNGEST_DEV=1"] }), ["INNGEST_DEV is set"]],
      [
        "a dev server's URL",
        container({ ...soundWorker, envs: ["INNGEST_DEV=http://server:8288"] }),
        ["INNGEST_DEV is set"],
      ],
      [
        "a pod",
        statefulSet({ image: "worker:1", env: [{ name: "INNGEST_DEV", value: "true" }] }),
        ["INNGEST_DEV is set"],
      ],
      ["a ConfigMap", resource("kubernetes:core/v1:ConfigMap", { data: { INNGEST_DEV: "1" } }), ["INNGEST_DEV is set"]],
      [
        "a command's environment",
        command({ create: "npm start", environment: { INNGEST_DEV: "1" } }),
        ["INNGEST_DEV is set"],
      ],
      ["a command line", command({ create: "INNGEST_DEV=1 node serve.ts" }), ["INNGEST_DEV is set"]],
      ["a plist", command({ stdin: plist("<key>INNGEST_DEV</key><string>1</string>") }), ["INNGEST_DEV is set"]],
    ],
    keeps: [
      ["a signed worker", container(soundWorker)],
      ["switched off", container({ ...soundWorker, envs: ["INNGEST_DEV=0"] })],
      ["switched off in words", statefulSet({ image: "worker:1", env: [{ name: "INNGEST_DEV", value: "false" }] })],
    ],
  },
  "no-secret-in-arguments": {
    breaks: [
      [
        "keys as flags of a container",
        container({
          ...soundServer,
          command: ["inngest", "start", "--signing-key", bareKey, `--event-key=${bareKey}`],
        }),
        ["--signing-key is on a command line", "--event-key is on a command line"],
      ],
      [
        "a key that the pod puts into its arguments",
        statefulSet({ ...soundPodServer, args: ["--signing-key", "$(INNGEST_SIGNING_KEY)"] }, soundPod),
        ["--signing-key is on a command line"],
      ],
      [
        "a Redis' password",
        container({ ...soundQueue, command: ["redis-server", "--requirepass", "hunter2"] }),
        ["--requirepass is on a command line"],
      ],
      [
        "a URL with a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://:hunter2@queue:6379"] }),
        ["a URL with a password is on a command line"],
      ],
      [
        "a command that writes the key out",
        command({ create: `docker run -e INNGEST_SIGNING_KEY=${bareKey} inngest/inngest inngest start` }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
      [
        "a variable that Docker gets as an argument",
        command({ create: 'docker run -e INNGEST_SIGNING_KEY="$KEY" inngest/inngest inngest start' }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
    ],
    keeps: [
      ["keys in the environment", container(soundServer)],
      [
        "a Redis with its password in a file",
        container({ ...soundQueue, command: ["redis-server", "/etc/redis.conf"] }),
      ],
      ["a shell's own variable", command({ create: 'INNGEST_SIGNING_KEY="$KEY" inngest start' })],
      [
        "a variable that Docker takes from the environment",
        command({ create: "docker run -e INNGEST_SIGNING_KEY inngest/inngest" }),
      ],
      [
        "a URL without a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://queue:6379"] }),
      ],
    ],
  },
  "no-secret-in-service-file": {
    breaks: [
      [
        "a key in a plist",
        command({
          create: "cat > a.plist",
          stdin: plist(`<key>INNGEST_SIGNING_KEY</key>\n  <string>${bareKey}</string>`),
        }),
        ["INNGEST_SIGNING_KEY is in a property list"],
      ],
      [
        "a key among a plist's arguments",
        command({
          stdin: plist(
            `<array><string>inngest</string><string>--event-key</string><string>${bareKey}</string></array>`,
          ),
        }),
        ["--event-key is in a property list"],
      ],
      [
        "a key in a plist within a JSON text",
        command({
          stdin: JSON.stringify({ file: plist(`<key>INNGEST_EVENT_KEY</key>\n<string>${bareKey}</string>`) }),
        }),
        ["INNGEST_EVENT_KEY is in a property list"],
      ],
      [
        "a key in a unit",
        command({ stdin: `[Service]\nEnvironment="A=b" "INNGEST_EVENT_KEY=${bareKey}"\nExecStart=inngest start\n` }),
        ["INNGEST_EVENT_KEY is in a systemd unit"],
      ],
      [
        "a key in a unit's arguments and a password in its environment",
        command({
          stdin: `[Service]\nEnvironment=REDIS_URL=redis://:hunter2@a\nExecStart=inngest start --signing-key ${bareKey}\n`,
        }),
        ["--signing-key is in a systemd unit", "a URL with a password is in a systemd unit"],
      ],
    ],
    keeps: [
      [
        "a plist that names a file",
        command({
          stdin: plist("<key>KeepAlive</key><true/><key>INNGEST_CONFIG</key><string>/etc/inngest.json</string>"),
        }),
      ],
      [
        "a unit that names a file",
        command({ stdin: "[Service]\nEnvironmentFile=/etc/inngest.env\nExecStart=inngest start\n" }),
      ],
      ["a key elsewhere", command({ stdin: JSON.stringify({ "signing-key": bareKey }) })],
    ],
  },
  "secret-command-output": {
    breaks: [
      [
        "a key in the environment, not known yet",
        command({ create: "register", environment: { SIGNING_KEY: "" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
      [
        "a key on standard input, and one output open",
        command(
          { create: "register", stdin: JSON.stringify({ signingKey: bareKey }) },
          { additionalSecretOutputs: ["stdout"] },
        ),
        ["it is told a secret, and its stderr can be read"],
      ],
      [
        "a password in a URL",
        command({ create: "migrate", environment: { DATABASE_URL: "postgres://me:hunter2@db/inngest" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
      [
        "a key in a remote command",
        resource("command:remote:Command", { create: "up", environment: { API_TOKEN: "abc" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
    ],
    keeps: [
      [
        "secret outputs",
        command(
          { create: "register", environment: { SIGNING_KEY: bareKey } },
          { additionalSecretOutputs: ["stderr", "stdout"] },
        ),
      ],
      [
        "nothing secret",
        command({ create: "echo $PORT", stdin: JSON.stringify({ port: 8288 }), environment: { PORT: "8288" } }),
      ],
      ["another resource", resource("random:index/randomPassword:RandomPassword", { length: 64 })],
    ],
  },
  "loopback-ports": {
    breaks: [
      [
        "the provider's default",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288 }] }),
        ["port 8288 of it is open everywhere"],
      ],
      [
        "every address of version 6",
        container({ ...soundQueue, ports: [{ internal: 6379, external: 6380, ip: "::" }] }),
        ["port 6380 of it is open everywhere"],
      ],
      [
        "every port",
        container({ ...soundServer, ports: [], publishAllPorts: true }),
        ["every port of it is open everywhere"],
      ],
      [
        "the host's network",
        container({ ...soundServer, ports: [], networkMode: "host" }),
        ["every port of it is open everywhere"],
      ],
      [
        "a node's port",
        statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288, hostPort: 8288 }] }, soundPod),
        ["port 8288 of it is open everywhere"],
      ],
      [
        "a node's network",
        statefulSet(soundPodServer, { ...soundPod, hostNetwork: true }),
        ["every port of it is open everywhere"],
      ],
    ],
    keeps: [
      ["loopback", container(soundServer)],
      [
        "one address of the machine",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: "192.0.2.7" }] }),
      ],
      ["not known yet", container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: unknown }] })],
      ["a gateway", container({ image: "caddy:2.10.2", ports: [{ internal: 443, external: 443 }] })],
      ["a pod's own port", statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288 }] }, soundPod)],
      ["allowed", container({ ...soundWorker, ports: [{ internal: 3111, external: 3111 }] }), { allow: [3111] }],
    ],
  },
  "pinned-image": {
    breaks: [
      ["no tag", container({ image: "inngest/inngest" }), ["the image is inngest/inngest"]],
      ["a tag that moves", container({ image: "inngest/inngest:latest" }), ["the image is inngest/inngest:latest"]],
      [
        "a registry's port is no tag",
        resource("docker:index/remoteImage:RemoteImage", { name: "registry.example:5000/inngest" }),
        ["the image is registry.example:5000/inngest"],
      ],
      ["a pod's", statefulSet({ image: "redis:latest" }), ["the image is redis:latest"]],
    ],
    keeps: [
      ["a version", container(soundServer)],
      ["a digest", container({ image: `inngest/inngest@sha256:${bareKey}` })],
      ["an image's id", container({ image: `sha256:${bareKey}` })],
      ["not known yet", container({ image: unknown })],
      ["a pod's version", statefulSet(soundPodServer, soundPod)],
    ],
  },
};

test("every rule has what breaks it and what keeps it", () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ name }) => name).sort());
  for (const { breaks, keeps } of Object.values(cases)) {
    expect(breaks.length).toBeGreaterThan(0);
    expect(keeps.length).toBeGreaterThan(0);
  }
});

describe.each(rules)("$name", (rule) => {
  const { breaks, keeps } = cases[rule.name] as (typeof cases)[string];
  const defaults = defaultsOf(rule.settings ?? {});

  test.each(breaks)("is broken by %s", (_, broken, seen, settings) => {
    expect(rule.check(broken, { ...defaults, ...settings })).toEqual(seen);
  });

  test.each(keeps)("is kept by %s", (_, kept, settings) => {
    expect(rule.check(kept, { ...defaults, ...settings })).toEqual([]);
  });

  test("quotes no secret", () => {
    for (const [, broken, , settings] of breaks) {
      const seen = rule.check(broken, { ...defaults, ...settings }).join();
      for (const value of [bareKey, prefixedKey, "hunter2", "correct-horse"]) expect(seen).not.toContain(value);
    }
  });
});

test("no rule fails over properties of another shape", () => {
  const name = fc.constantFrom("name", "spec", "template", "metadata", "containers", "env", "envs", "ports", "volumes");
  const more = fc.constantFrom("value", "volumeMounts", "mounts", "uploads", "command", "image", "environment", "data");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom(null, undefined, unknown, "inngest start", 8288, true),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.oneof(name, more), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const type = fc.constantFrom(
    "docker:index/container:Container",
    "docker:index/remoteImage:RemoteImage",
    "command:local:Command",
    ...["core/v1:Pod", "core/v1:Service", "core/v1:Secret", "apps/v1:StatefulSet"].map((kind) => `kubernetes:${kind}`),
  );
  fc.assert(
    fc.property(type, fc.dictionary(fc.oneof(name, more), value), (token, properties) => {
      for (const rule of rules) rule.check(resource(token, properties), defaultsOf(rule.settings ?? {}));
    }),
    { numRuns: 2_000 },
  );
});

describe("what is sound", () => {
  test.each([
    ["server", container(soundServer)],
    ["worker", container(soundWorker)],
    ["queue", container(soundQueue)],
    ["server in a pod", statefulSet(soundPodServer, soundPod)],
  ])("breaks no rule: %s", (_, sound) => {
    const broken = rules.filter((rule) => rule.check(sound, defaultsOf(rule.settings ?? {})).length > 0);
    expect(broken.map(({ name }) => name)).toEqual([]);
  });
});
