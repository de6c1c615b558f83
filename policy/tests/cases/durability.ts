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

/** For the rules in ../../rules/durability.ts. */
export const durabilityCases: Cases = {
  "data-on-volume": {
    rejects: [
      [
        "a volume that the server does not write to",
        container({
          ...soundServer,
          envs: keys,
          volumes: [{ volumeName: "data", containerPath: "/var/lib/inngest" }],
        }),
        ["it writes its database to /.inngest, but its volumes are mounted at /var/lib/inngest"],
      ],
      [
        "a folder next to the volume",
        container({ ...soundServer, command: ["inngest", "start", "--sqlite-dir", "/database"] }),
        ["it writes its database to /database, but its volumes are mounted at /data"],
      ],
      [
        "a claim mounted at another folder",
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
        ["it writes its database to /srv/data, but its volumes are mounted at /data"],
      ],
    ],
    accepts: [
      ["the volume's folder", container(soundServer)],
      [
        "a folder inside the volume",
        container({ ...soundServer, command: ["inngest", "start", "--sqlite-dir=/data/a"] }),
      ],
      [
        "a volume mounted at the default folder",
        container({ ...soundServer, envs: keys, volumes: [{ containerPath: "/.inngest" }] }),
      ],
      [
        "a folder set in a shell command",
        container({ ...soundServer, envs: keys, command: ["sh", "-c", "INNGEST_SQLITE_DIR=/data inngest start"] }),
      ],
      [
        "a working directory set in a shell command",
        container({ ...soundServer, envs: keys, command: ["sh", "-c", "cd /data && inngest start"] }),
      ],
      ["a claim's folder", statefulSet(soundPodServer, soundPod)],
      ["a server without a volume", container({ ...withoutVolume, envs: keys })],
      [
        "a volume for runtime files",
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
    rejects: [
      [
        "SQLite history without a queue",
        container({ ...soundServer, envs: [...keys, "INNGEST_SQLITE_DIR=/data"] }),
        ["it keeps its history but has no INNGEST_REDIS_URI"],
      ],
      [
        "Postgres history without a queue",
        container({ ...withoutVolume, envs: [...keys, "INNGEST_POSTGRES_URI=postgres://db/inngest"] }),
        ["it keeps its history but has no INNGEST_REDIS_URI"],
      ],
      [
        "a Redis with its image's defaults",
        container({ image: "redis:7.2.16" }),
        ["it is a Redis without `appendonly yes`"],
      ],
      [
        "a Redis with appending turned off",
        container({ ...soundQueue, command: ["redis-server", "--appendonly", "no"] }),
        ["it is a Redis without `appendonly yes`"],
      ],
      [
        "a configuration without appendonly",
        container({
          ...soundQueue,
          command: ["redis-server", "/etc/redis.conf"],
          uploads: redisConf('save ""\n# appendonly yes\n'),
        }),
        ["it is a Redis without `appendonly yes`"],
      ],
      [
        "a configuration without appendonly in a Secret",
        secret({ "redis.conf": "dir /data\n" }),
        ["redis.conf has no `appendonly yes`"],
      ],
      [
        "a Redis that appends to its container's disk",
        container({ ...soundQueue, volumes: [] }),
        ["it is a Redis without a volume"],
      ],
      [
        "a Redis whose folder is an emptyDir",
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
        "Bitnami's image with appending turned off",
        container({ image: "bitnami/redis:7.2", envs: ["REDIS_AOF_ENABLED=no"], volumes: soundQueue.volumes }),
        ["it is a Redis without `appendonly yes`"],
      ],
    ],
    accepts: [
      ["a server with a queue", container(soundServer)],
      ["a server that keeps no history", container({ ...withoutVolume, envs: keys })],
      ["a Redis that appends", container(soundQueue)],
      [
        "a configuration with appendonly",
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
      ["a configuration with appendonly in a Secret", secret({ "redis.conf": "dir /data\nappendonly yes\n" })],
      ["Bitnami's image", container({ image: "bitnami/redis:7.2", volumes: soundQueue.volumes })],
      ["a Redis listed as a cache", container({ image: "redis:7.2.16" }), { caches: ["it"] }],
    ],
  },
  "protected-data": {
    rejects: [
      ["an unprotected volume", resource(volumes, { name: "data" }), ["the volume is not protected"]],
      ["an unprotected claim", resource(claims, claim), ["the volume is not protected"]],
      [
        "a volume of a component that does not retain it",
        resource(volumes, {}, { typeChain: `inngest-local:index:DockerServer$${volumes}` }),
        ["the volume is not protected"],
        { keptBy: [] },
      ],
      [
        "claims that are deleted with their StatefulSet",
        statefulSet({}, {}, { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete" } }),
        ["persistentVolumeClaimRetentionPolicy.whenDeleted is Delete"],
      ],
    ],
    accepts: [
      ["a tmpfs volume", resource(volumes, { driverOpts: { type: "tmpfs" } })],
      ["a protected volume", resource(volumes, {}, { protect: true })],
      [
        "a volume of a component that retains it",
        resource(volumes, {}, { typeChain: `inngest-local:index:DockerServer$${volumes}` }),
      ],
      [
        "a claim of a user's component listed in keptBy",
        resource(claims, claim, { typeChain: `mine:index:Data$${claims}` }),
        { keptBy: ["mine:"] },
      ],
      [
        "claims that are retained",
        statefulSet({}, {}, { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain" } }),
      ],
    ],
  },
  "stop-grace": {
    rejects: [
      [
        "the defaults of provider and engine",
        container({ ...soundServer, stopTimeout: undefined, destroyGraceSeconds: undefined }),
        ["stopTimeout of it is not set", "destroyGraceSeconds of it is not set"],
      ],
      ["a shorter time on Docker", container({ ...soundWorker, stopTimeout: 30 }), ["stopTimeout of it is 30"]],
      [
        "the default of Kubernetes",
        statefulSet(soundPodServer, { ...soundPod, terminationGracePeriodSeconds: undefined }),
        ["terminationGracePeriodSeconds of it is not set"],
      ],
      [
        "less time than configured",
        container(soundServer),
        ["stopTimeout of it is 60", "destroyGraceSeconds of it is 60"],
        { seconds: 90 },
      ],
    ],
    accepts: [
      ["a server with a minute", container(soundServer)],
      ["a pod with a minute", statefulSet(soundPodServer, soundPod)],
      ["another program's container", container({ image: "nginx:1.29.1" })],
    ],
  },
};
