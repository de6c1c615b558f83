import * as pulumi from "@pulumi/pulumi";
import { serverDataFolder, serverUser } from "../../lib/render/maintenance-pod.ts";
import { type Folder, probes, scratch } from "../../lib/render/restricted-pod.ts";
import { type ServerOptions, serverEnvironment } from "../../lib/render/server-options.ts";
import {
  preStopScript,
  readyScript,
  type StoreAddresses,
  serverPorts,
  startScript,
  waitForStores,
} from "../../lib/render/server-pod-script.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { serversService } from "../../lib/stack/kubernetes-names.ts";
import { type EgressRule, toDatabase, toQueue } from "./network-policy.ts";
import type { Container, Pod, WorkloadArgs } from "./workload.ts";

/** Arguments of a server on either Kubernetes tier. */
export interface ServerArgs extends StoreAddresses, Pick<ServerOptions, "sdkUrl" | "profile" | "dashboard"> {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. */
  redisUrl: pulumi.Input<string>;
  /** Redis or Postgres is outside the namespace. */
  storesOutside: boolean;
  /** Port of the worker's pods. @default the worker is outside the namespace */
  workerPort?: number | undefined;
}

/** The server's environment variables, which include keys and passwords. */
export function serverVariables(
  { keys, redisUrl, sdkUrl, profile, dashboard }: ServerArgs,
  { postgresUrl, ...pool }: { postgresUrl?: pulumi.Input<string>; postgresConnections?: number } = {},
): pulumi.Output<Record<string, string>> {
  const options = { host: "0.0.0.0", ...serverPorts, sqliteDir: serverDataFolder, sdkUrl, profile, dashboard, ...pool };
  return pulumi.secret(
    pulumi
      .output({ keys, redisUrl, postgresUrl })
      .apply(({ keys, ...urls }) => serverEnvironment({ ...options, ...keys, ...urls })),
  );
}

const { port, connectGatewayPort, connectGatewayGrpcPort, connectExecutorGrpcPort } = serverPorts;
const grpcPorts = [connectGatewayGrpcPort, connectExecutorGrpcPort];

/** What a server connects to in the namespace, apart from the worker. */
export const serverEgress: EgressRule[] = [toQueue, toDatabase, { to: ["server"], ports: grpcPorts }];

/** Service and network rules of the servers. */
export function serverAccess({ storesOutside, workerPort }: ServerArgs): Pick<WorkloadArgs, "service" | "network"> {
  return {
    service: { name: serversService, ports: { api: port, connect: connectGatewayPort } },
    network: {
      ingress: [
        { from: ["gateway"], ports: [port, connectGatewayPort] },
        { from: ["server"], ports: grpcPorts },
      ],
      egress:
        storesOutside || workerPort === undefined
          ? "everywhere"
          : [...serverEgress, { to: ["worker"], ports: [workerPort] }],
    },
  };
}

export function serverPod(args: {
  image: pulumi.Input<string>;
  /** Name of the Secret with {@link serverVariables}. */
  environment: pulumi.Input<string>;
  data: Folder;
  /** What must accept connections before the server starts. */
  stores: StoreAddresses;
  /** Script that runs before the server, in its image, and the folders that only the script needs. @default none */
  prepare?: { script: string; folders: Folder[] };
}) {
  const { image, environment, data, stores, prepare } = args;
  const setUp = [...(prepare ? [prepare.script] : []), ...waitForStores(stores)].join("\n");
  const folders = [data, ...(prepare?.folders ?? [])];
  const server: Container = {
    name: "inngest",
    image,
    command: ["bash", "-euc", startScript(stores)],
    workingDir: serverDataFolder,
    envFrom: [{ secretRef: { name: environment } }],
    // The addresses at which other servers reach this one; the default, 127.0.0.1, suits only a single server.
    env: ["INNGEST_CONNECT_GATEWAY_GRPC_IP", "INNGEST_CONNECT_EXECUTOR_GRPC_IP"].map((name) => ({
      name,
      valueFrom: { fieldRef: { fieldPath: "status.podIP" } },
    })),
    ports: Object.values(serverPorts).map((containerPort) => ({ containerPort })),
    ...probes({ httpGet: { path: "/health", port } }),
    // With the default timeout of 1 s a busy node would take the only server out of its Service.
    readinessProbe: {
      exec: { command: ["bash", "-c", readyScript] },
      periodSeconds: 2,
      timeoutSeconds: 5,
      failureThreshold: 1,
    },
    lifecycle: { preStop: { exec: { command: ["sh", "-c", preStopScript] } } },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
    folders: [data, scratch("tmp", "/tmp")],
  };
  return {
    user: serverUser,
    initContainers: [{ name: "prepare", image, command: ["bash", "-euc", setUp], folders }],
    containers: [server],
  } satisfies Pod;
}
