import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { dataClaim, type Storage } from "./data-claim.ts";
import { networkPolicy } from "./network-policy.ts";
import {
  claimed,
  labelsOf,
  restrictedContainer,
  restrictedPod,
  scratch,
  selectorOf,
  startupProbe,
  withoutWaiting,
} from "./pod.ts";

export interface ClusterDatabaseArgs {
  namespace: pulumi.Input<string>;
  /** Postgres image; pin a tag. */
  image: pulumi.Input<string>;
  storage: Storage;
}

export const databaseAddress = "database:5432";

/** User `postgres` of the official image, which initdb demands to be known by name. */
const postgresUser = 999;

/** A single Postgres for a start; a database that is somebody's care is given by its URL instead. */
export class ClusterDatabase extends pulumi.ComponentResource {
  /** Where the servers find it; secret, because it holds the password. */
  public readonly url: pulumi.Output<string>;

  constructor(name: string, args: ClusterDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterDatabase", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const labels = labelsOf("database");
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child);
    const secret = new k8s.core.v1.Secret(
      `${name}-environment`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: {
          POSTGRES_USER: "inngest",
          POSTGRES_DB: "inngest",
          POSTGRES_PASSWORD: password.result,
          PGDATA: "/data/postgres",
        },
      },
      child,
    );
    const claim = dataClaim(`${name}-data`, "database-data", namespace, args.storage, child);
    const data = claimed("data", "/data", claim);
    const temporary = scratch("tmp", "/tmp");
    const sockets = scratch("sockets", "/var/run/postgresql");
    const ready = { exec: { command: ["pg_isready", "--quiet", "--host=127.0.0.1", "--dbname=inngest"] } };
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: "database", namespace, labels, annotations: withoutWaiting },
        spec: { selector: selectorOf("database"), ports: [{ name: "postgres", port: 5432 }] },
      },
      child,
    );
    new k8s.apps.v1.StatefulSet(
      `${name}-postgres`,
      {
        // The servers wait for it by themselves; they depend on it only so that they stop before it.
        metadata: { name: "database", namespace, labels, annotations: withoutWaiting },
        spec: {
          serviceName: "database",
          selector: { matchLabels: selectorOf("database") },
          template: {
            metadata: { labels },
            spec: {
              ...restrictedPod(postgresUser),
              containers: [
                {
                  ...restrictedContainer,
                  name: "postgres",
                  image: args.image,
                  envFrom: [{ secretRef: { name: secret.metadata.name } }],
                  ports: [{ name: "postgres", containerPort: 5432 }],
                  // The image sets the password of a new data folder only; one that is taken on again has an older one.
                  lifecycle: { postStart: { exec: { command: ["bash", "-euc", setPassword] } } },
                  startupProbe: startupProbe(ready),
                  readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 5 },
                  livenessProbe: { ...ready, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
                  resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
                  volumeMounts: [data.mount, temporary.mount, sockets.mount],
                },
              ],
              volumes: [data.volume, temporary.volume, sockets.volume],
            },
          },
        },
      },
      child,
    );
    networkPolicy(
      `${name}-network`,
      "database",
      namespace,
      { in: [{ with: ["server", "migration", "janitor", "upkeep"], ports: [5432] }], out: [] },
      child,
    );
    this.url = pulumi.secret(
      pulumi.interpolate`postgres://inngest:${password.result}@${databaseAddress}/inngest?sslmode=disable`,
    );
    this.registerOutputs({ url: this.url });
  }
}

/** Over the socket, where the image trusts its own user; over TCP only once the first set-up is done. */
const setPassword = [
  "until pg_isready --quiet --host=127.0.0.1 --dbname=inngest; do sleep 0.2; done",
  `psql --quiet --username=inngest --dbname=inngest <<'SQL'`,
  '\\set password `printf %s "$POSTGRES_PASSWORD"`',
  "alter role inngest password :'password';",
  "SQL",
].join("\n");
