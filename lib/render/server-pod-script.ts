import { stopGraceSeconds } from "../stack/stop-grace.ts";
import { sqliteFile } from "./maintenance-pod.ts";
import { queueWatch, untilServerEnds } from "./server-watch.ts";

/** Ports of a server in a container. Other servers of the stack connect to the two gRPC ports. */
export const serverPorts = {
  port: 8288,
  connectGatewayPort: 8289,
  connectGatewayGrpcPort: 50052,
  connectExecutorGrpcPort: 50053,
};

/** The stack's own stores, each as `host:port`. */
export interface StoreAddresses {
  /** Redis that never closes idle connections. @default none */
  queueAddress?: string | undefined;
  /** @default none */
  databaseAddress?: string | undefined;
}

/** Exists while the server is stopping. */
const stoppingMarker = "/tmp/stopping";

/** Succeeds when the server accepts connections and is not stopping. */
export const readyScript = `test ! -e ${stoppingMarker} && exec 3<>/dev/tcp/127.0.0.1/${serverPorts.port}`;

/**
 * Runs before SIGTERM. The server loses events that it accepts just before it ends, and a Service routes to its only pod
 * for as long as that is ready, even while it stops. So the pod becomes unready first.
 */
export const preStopScript = `touch ${stoppingMarker} && sleep 10`;

/** Presets WAL mode for a new database only. */
export const presetScript = `test -e ${sqliteFile} || cp /preset/empty-wal.db ${sqliteFile}`;

/** Runs the server. A restarted container finds its old marker, and Redis may be gone by then. */
export function startScript(stores: StoreAddresses): string {
  const prelude = [`rm -f ${stoppingMarker}`, ...waitForStores(stores)];
  if (!stores.queueAddress) return [...prelude, "exec inngest start"].join("\n");
  return [
    "server=",
    `trap 'kill -TERM "$server" 2>/dev/null || exit 143' TERM`,
    ...prelude,
    "inngest start & server=$!",
    ...queueWatch(stores.queueAddress, [`touch ${stoppingMarker}`], stopGraceSeconds),
    ...untilServerEnds,
  ].join("\n");
}

/**
 * Migrates the database. Servers migrate when they start and take no lock, so one must finish before the others start;
 * it is healthy once it has.
 */
export const migrationScript = [
  "inngest start & server=$!",
  "until inngest alpha doctor healthcheck >/dev/null 2>&1; do kill -0 $server; sleep 0.2; done",
  "kill -TERM $server",
  "wait $server || true",
].join("\n");

/** Lines that wait for the stores: without them a server exits, and Kubernetes delays its restart by 10 s and more. */
export function waitForStores({ queueAddress, databaseAddress }: StoreAddresses): string[] {
  return [queueAddress, databaseAddress]
    .filter((address) => address !== undefined)
    .map(
      (address) => `until timeout 1 bash -c '</dev/tcp/${address.replace(":", "/")}' 2>/dev/null; do sleep 0.2; done`,
    );
}
