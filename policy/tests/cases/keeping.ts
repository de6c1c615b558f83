import { unknown } from "../../resource.ts";
import {
  container,
  keys,
  resource,
  secret,
  soundPod,
  soundPodServer,
  soundQueue,
  soundServer,
  soundWorker,
  statefulSet,
} from "../resources.ts";
import type { Cases } from "./cases.ts";

const claim = { spec: { accessModes: ["ReadWriteOnce"] } };
const claims = "kubernetes:core/v1:PersistentVolumeClaim";
const volumes = "docker:index/volume:Volume";
const withoutVolume = { ...soundServer, volumes: [] };
const redisConf = (text: string) => [{ file: "/etc/redis.conf", content: text }];

/** Of the rules in ../../rules/keeping.ts. */
export const keepingCases: Cases = {
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
        container({ ...soundServer, envs: keys, volumes: [{ containerPath: "/run/drain" }] }),
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
};
