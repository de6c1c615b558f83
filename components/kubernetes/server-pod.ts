import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { serverEnvironment } from "../../lib/render/server-options.ts";
import { queueWatch, untilServerEnds } from "../../lib/render/server-watch.ts";
import type { Profile } from "../../lib/settings/profile.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { stopGraceSeconds } from "../../lib/stack/stop-grace.ts";
import { labelsOf, restrictedContainer, restrictedPod, scratch, watched } from "./pod.ts";

/** What a server is told on both Kubernetes tiers. */
export interface ServerSettings {
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. */
  redisUrl: pulumi.Input<string>;
  /** History in Postgres instead of SQLite. */
  postgresUrl?: pulumi.Input<string> | undefined;
  /** Most connections that one server opens to Postgres. */
  postgresConnections?: number | undefined;
  /** The worker's endpoint, as the server reaches it. */
  sdkUrl: string;
  profile: Profile;
  /** Serve dashboard and GraphQL. */
  dashboard: boolean;
}

/** Where a server listens within its pod; 50052 and 50053 are for other servers of the same stack. */
export const serverPorts = { api: 8288, connectGateway: 8289, connectGatewayGrpc: 50052, connectExecutorGrpc: 50053 };

/** Folder of what a server keeps. */
export const dataFolder = "/data";

/** The server's environment, keys included: the content of a Secret. */
export function serverVariables(settings: ServerSettings): pulumi.Output<Record<string, string>> {
  const { keys, redisUrl, postgresUrl } = settings;
  return pulumi.secret(
    pulumi.output({ keys, redisUrl, postgresUrl }).apply(({ keys, ...urls }) =>
      serverEnvironment({
        host: "0.0.0.0",
        port: serverPorts.api,
        connectGatewayPort: serverPorts.connectGateway,
        connectGatewayGrpcPort: serverPorts.connectGatewayGrpc,
        connectExecutorGrpcPort: serverPorts.connectExecutorGrpc,
        sqliteDir: dataFolder,
        postgresConnections: settings.postgresConnections,
        sdkUrl: settings.sdkUrl,
        profile: settings.profile,
        dashboard: settings.dashboard,
        ...keys,
        ...urls,
      }),
    ),
  );
}

export interface ServerPodArgs {
  image: pulumi.Input<string>;
  /** Secret with {@link serverVariables}. */
  secretName: pulumi.Input<string>;
  /** Volume of the data folder, with its own name; a file preset of it is `prepare`'s. */
  data: k8s.types.input.core.v1.Volume;
  /** `host:port` of a Redis of {@link queueWatch}, which must answer before the server starts. @default none */
  queueAddress?: string | undefined;
  /** `host:port` of a Postgres that must answer before it starts. @default none */
  databaseAddress?: string | undefined;
  /** What to run before the server, in its image. @default nothing */
  prepare?: { script: string; mounts: k8s.types.input.core.v1.VolumeMount[] };
  /** More volumes that `prepare` mounts. */
  volumes?: k8s.types.input.core.v1.Volume[];
}

/** A pod whose one container is known. */
export interface ServerPod {
  metadata: k8s.types.input.meta.v1.ObjectMeta;
  spec: k8s.types.input.core.v1.PodSpec & { containers: [k8s.types.input.core.v1.Container] };
}

/** There from the word to stop. */
const stoppingSign = "/tmp/stopping";
const ready = `test ! -e ${stoppingSign} && exec 3<>/dev/tcp/127.0.0.1/${serverPorts.api}`;

/** What runs in the server's container. One that starts again in its pod finds the sign of its stop, and maybe no Redis. */
function startScript(args: ServerPodArgs): string {
  const { queueAddress } = args;
  const prelude = [`rm -f ${stoppingSign}`, ...waiting(args)];
  if (!queueAddress) return [...prelude, "exec inngest start"].join("\n");
  return [
    "server=",
    `trap 'kill -TERM "$server" 2>/dev/null || exit 143' TERM`,
    ...prelude,
    "inngest start & server=$!",
    ...queueWatch(queueAddress, [`touch ${stoppingSign}`], stopGraceSeconds),
    ...untilServerEnds,
  ].join("\n");
}

/** A pod with one server. */
export function serverPod(args: ServerPodArgs): ServerPod {
  const temporary = scratch("tmp", "/tmp");
  const dataMount = { name: args.data.name, mountPath: dataFolder };
  const environment = {
    envFrom: [{ secretRef: { name: args.secretName } }],
    env: ["INNGEST_CONNECT_GATEWAY_GRPC_IP", "INNGEST_CONNECT_EXECUTOR_GRPC_IP"].map((name) => ({
      name,
      // What other servers of this stack dial (server >= 1.42); the default, 127.0.0.1, is right for a lone one only.
      valueFrom: { fieldRef: { fieldPath: "status.podIP" } },
    })),
  };
  const health = { httpGet: { path: "/health", port: serverPorts.api } };
  return {
    metadata: { labels: labelsOf("server") },
    spec: {
      ...restrictedPod(1000),
      initContainers: [
        {
          ...restrictedContainer,
          name: "prepare",
          image: args.image,
          command: ["bash", "-euc", [...(args.prepare ? [args.prepare.script] : []), ...waiting(args)].join("\n")],
          volumeMounts: [dataMount, ...(args.prepare?.mounts ?? [])],
        },
      ],
      containers: [
        {
          ...restrictedContainer,
          name: "inngest",
          image: args.image,
          command: ["bash", "-euc", startScript(args)],
          workingDir: dataFolder,
          ...environment,
          ports: Object.values(serverPorts).map((containerPort) => ({ containerPort })),
          ...watched(health),
          readinessProbe: {
            exec: { command: ["bash", "-c", ready] },
            periodSeconds: 2,
            // One that a busy node holds up for longer than the default second would take a lone server's address away.
            timeoutSeconds: 5,
            failureThreshold: 1,
          },
          // What it takes in its last moments it forgets. The Service of a lone pod leads to it for as long as it says
          // that it is ready, even while it stops.
          lifecycle: { preStop: { exec: { command: ["sh", "-c", `touch ${stoppingSign} && sleep 10`] } } },
          resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
          volumeMounts: [dataMount, temporary.mount],
        },
      ],
      volumes: [args.data, temporary.volume, ...(args.volumes ?? [])],
    },
  };
}

/**
 * Waits until the stores of this namespace take connections: a server that finds no Redis or Postgres ends, and Kubernetes
 * then lets it wait ten seconds and more.
 */
function waiting({ queueAddress, databaseAddress }: ServerPodArgs): string[] {
  return [queueAddress, databaseAddress]
    .filter((address) => address !== undefined)
    .map(
      (address) => `until timeout 1 bash -c '</dev/tcp/${address.replace(":", "/")}' 2>/dev/null; do sleep 0.2; done`,
    );
}
