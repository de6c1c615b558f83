/**
 * Where a stack keeps what it knows, and how one gets there: for backup, restore, move and the janitor. Secret as a
 * whole, because the address of the queue holds its password.
 */
export interface Stores {
  place: HostPlace | DockerPlace | KubernetesPlace;
  /** Redis for queue and run state, as it is reached from that place; none where both live in the server's memory. */
  queueUrl?: string | undefined;
}

/** The server's SQLite file is in the stack's data folder on this machine. */
export interface HostPlace {
  kind: "host";
  /** Absolute data folder. @default the platform's, one folder a stack */
  dataDir?: string | undefined;
}

/** It is in a volume of Docker's. */
export interface DockerPlace {
  kind: "docker";
  context?: string | undefined;
  /** Network in which the queue answers. */
  network: string;
  /** Image with Node in which the data are worked on. */
  image: string;
  /** The volume; none where the history goes with the server's container. */
  volume?: string | undefined;
}

/** It is in a cluster. */
export interface KubernetesPlace {
  kind: "kubernetes";
  context: string;
  /** @default kubectl's own */
  kubeconfig?: string | undefined;
  namespace: string;
  /** Image with Node in which the data are worked on. */
  image: string;
  history: ClaimedHistory | PostgresHistory;
}

/** The server's SQLite file is on a claim of this name. */
export interface ClaimedHistory {
  claim: string;
}

/** It is in the servers' Postgres. */
export interface PostgresHistory {
  /** Image with psql and pg_dump, not older than that Postgres. */
  postgresImage: string;
  /** Secret with the variables by which they find it. */
  secret: string;
}
