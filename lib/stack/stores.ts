import type { InDataDir } from "../host/spec.ts";

/** Where a stack keeps history and queue, and how commands such as backup and restore get there. */
export interface Stores {
  place: HostPlace | DockerPlace | KubernetesPlace;
  /**
   * URL of Redis, as reached from that place; it may hold a password. @default queue and run state are in the server's
   * memory
   */
  queueUrl?: string | InDataDir | undefined;
}

/** The server's SQLite file is in the stack's data folder on this machine. */
export interface HostPlace {
  kind: "host";
  /** Absolute data folder. @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
}

/** The server's SQLite file is in a Docker volume. */
export interface DockerPlace {
  kind: "docker";
  /** @default the docker command's current one */
  context?: string | undefined;
  /** Network that the queue is in. */
  network: string;
  /** Image with Node, in which programs of `runtime/` run next to the data. */
  image: string;
  /** Name of the volume. @default the history is lost with the server's container */
  volume?: string | undefined;
}

/** The history is in a cluster. */
export interface KubernetesPlace {
  kind: "kubernetes";
  context: string;
  /** @default kubectl's own */
  kubeconfig?: string | undefined;
  namespace: string;
  /** Image with Node, in which programs of `runtime/` run next to the data. */
  image: string;
  history: ClaimedHistory | DatabaseHistory;
}

/** The history is the server's SQLite file on a volume claim. */
export interface ClaimedHistory {
  /** Name of the claim. */
  claim: string;
}

/** The history is in the servers' Postgres. */
export interface DatabaseHistory {
  /** Image with psql and pg_dump, of the version of that Postgres or newer. */
  postgresImage: string;
  /** Name of the Secret with the variables that psql and pg_dump connect by. */
  secret: string;
}
